"""The Admin Config Service (ACS): which experience a stack has, what is installed, a private app in.

Victoria experience: POST /{stack}/adminconfig/v2/apps/victoria, the package as the body, AppInspect's token in the header
X-Splunk-Authorization. Classic: POST /{stack}/adminconfig/v2/apps, a form of `token` and `package`. Both want ACS-Legal-Ack: Y,
take a new version in the same way, and may answer before the app is installed (`uploaded`): then its state is asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import quote

from caltrop.cloud.wire import CloudError, Reply, Wire, checked, form

SERVICE = "https://admin.splunk.com"
MAX_BYTES = 128 << 20  # of a package
POLL_SECONDS = 10.0
LONGEST_SECONDS = 1800.0
INSTALLED = "installed"
Experience = Literal["victoria", "classic"]
EXPERIENCES: tuple[Experience, ...] = ("victoria", "classic")
_STACK = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_DOMAIN = re.compile(r"\.splunkcloud(gc|mc)?\.com$")


@dataclass(frozen=True, slots=True)
class App:
    """An app of a stack as ACS describes it; `status` is `installed` when it is there."""

    name: str
    version: str
    status: str


@dataclass(frozen=True, slots=True)
class Stack:
    """A stack by its name, and the token of somebody who may install apps there."""

    wire: Wire
    name: str
    token: str
    service: str = SERVICE

    @classmethod
    def named(cls, wire: Wire, name: str, token: str, service: str = SERVICE) -> Stack:
        """By the stack's name, or its host name. Raises CloudError for what is neither."""
        short = _DOMAIN.sub("", name.strip().lower().removeprefix("https://").rstrip("/"))
        if not _STACK.fullmatch(short):
            raise CloudError(
                f"not the name of a stack: {name!r}", hint="write what stands before .splunkcloud.com in its address"
            )
        checked(service)
        return cls(wire, short, token, service.rstrip("/"))

    def experience(self) -> Experience:
        """Victoria or Classic, as the stack says."""
        reply = self._get("status")
        if reply.status != 200:
            raise self._refused("does not say what it is", reply)
        infrastructure = reply.json("the stack's status").get("infrastructure")
        kind = str(infrastructure.get("stackType", "")).lower() if isinstance(infrastructure, dict) else ""
        for one in EXPERIENCES:
            if kind == one:
                return one
        raise CloudError(
            f"{self.name} does not say whether it is of the Victoria or the Classic experience",
            hint="look under Support & Services > About in Splunk Web, and say --experience",
        )

    def restart_required(self) -> bool:
        """Whether the stack waits for a restart; what it does not say is no."""
        reply = self._get("status")
        messages = reply.json("the stack's status").get("messages") if reply.status == 200 else None
        return isinstance(messages, dict) and messages.get("restartRequired") is True

    def app(self, name: str, experience: Experience) -> App | None:
        """An app that is there or on its way; None where there is none."""
        reply = self._get(f"{_apps(experience)}/{quote(name, safe='')}")
        if reply.status == 404:
            return None
        if reply.status != 200:
            raise self._refused(f"does not say what it has of {name!r}", reply)
        return _app(reply, name)

    def install(self, package: Path, name: str, version: str, inspected: str, experience: Experience) -> App:
        """The package in, waited for until this version is installed. `inspected` is the token that AppInspect was asked with.
        Raises CloudError where the stack refuses, fails, or is not done in half an hour."""
        body = package.read_bytes()
        headers = {**self._headers(), "ACS-Legal-Ack": "Y"}
        if experience == "victoria":
            headers |= {"X-Splunk-Authorization": inspected, "Content-Type": "application/x-www-form-urlencoded"}
        else:
            headers["Content-Type"], body = form({"token": inspected}, {"package": (package.name, body)})
        reply = self.wire.post(self._url(_apps(experience)), headers, body)
        if reply.status not in (200, 201, 202):
            raise self._refused(f"did not take {package.name}", reply)
        return self._settled(_app(reply, name), name, version, experience)

    def _settled(self, seen: App, name: str, version: str, experience: Experience) -> App:
        waited = 0.0
        while not (seen.status == INSTALLED and seen.version in ("", version)):
            if "fail" in seen.status or "error" in seen.status:
                raise CloudError(f"{self.name} could not install {name} {version}: {seen.status}")
            if waited >= LONGEST_SECONDS:
                raise CloudError(
                    f"{self.name} has not installed {name} {version} after {waited:.0f} s: it says {seen.status!r} of "
                    f"version {seen.version or 'unknown'}",
                    hint="look under Apps > Manage Apps, and ask Splunk when it stays so",
                )
            self.wire.tell(f"{self.name}: {name} {seen.version or version} is {seen.status or 'on its way'}")
            self.wire.sleep(POLL_SECONDS)
            waited += POLL_SECONDS
            seen = self.app(name, experience) or App(name, "", "")
        return seen

    # -- requests

    def _url(self, path: str) -> str:
        return f"{self.service}/{self.name}/adminconfig/v2/{path}"

    def _headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _get(self, path: str) -> Reply:
        return self.wire.get(self._url(path), self._headers())

    def _refused(self, what: str, reply: Reply) -> CloudError:
        hints = {
            401: "the token of the stack is wrong or has run out: Settings > Tokens, as a user with the role sc_admin",
            403: "the user of the token needs the capabilities to install apps (role sc_admin), and this machine's address has to "
            "be on the stack's allow list for `acs`",
            404: "is the stack's name right? FedRAMP stacks have another --acs-url",
            424: "the stack is busy with another change: try again later",
        }
        return CloudError(f"{self.name} {what} ({reply.status}): {reply.said}", hint=hints.get(reply.status))


def _apps(experience: Experience) -> str:
    return "apps/victoria" if experience == "victoria" else "apps"


def _app(reply: Reply, name: str) -> App:
    found = reply.json("ACS")
    return App(
        str(found.get("name") or found.get("appID") or name),
        str(found.get("version") or ""),
        str(found.get("status") or "").lower(),
    )

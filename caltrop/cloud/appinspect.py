"""The AppInspect service: log in with an account of splunk.com, submit a package, wait, read the report.

GET /2.0/rest/login/splunk (basic authentication) -> data.token
POST /v1/app/validate (multipart: app_package, included_tags) -> request_id
GET /v1/app/validate/status/ID -> status, info; GET /v1/app/report/ID -> summary, reports
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from caltrop.cloud.wire import CloudError, Wire, form

LOGIN = "https://api.splunk.com/2.0/rest/login/splunk"
SERVICE = "https://appinspect.splunk.com"
POLL_SECONDS = 5.0
LONGEST_SECONDS = 1800.0  # thousands of searches take minutes
DONE, BROKEN = "SUCCESS", frozenset({"ERROR", "FAILURE", "FAILED"})
# What keeps Splunk Cloud from installing a package by itself.
BLOCKING = ("error", "failure", "manual_check")


@dataclass(frozen=True, slots=True)
class Report:
    """What the inspection came to: how many checks ended how, and what the blocking ones say."""

    summary: dict[str, int]
    blocking: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not any(self.summary.get(word) for word in BLOCKING)


def login(wire: Wire, username: str, password: str, url: str = LOGIN) -> str:
    """A token for both services. Raises CloudError where the account is refused."""
    pair = base64.b64encode(f"{username}:{password}".encode()).decode()
    reply = wire.get(url, {"Authorization": f"Basic {pair}"})
    if reply.status != 200:
        raise CloudError(
            f"splunk.com refused the login of {username!r} ({reply.status}): {reply.said}",
            hint="the account is one of splunk.com, not of the stack: CALTROP_SPLUNK_USERNAME and CALTROP_SPLUNK_PASSWORD",
        )
    data = reply.json("the login at splunk.com").get("data")
    token = data.get("token") if isinstance(data, dict) else None
    if not token:
        raise CloudError("the login at splunk.com gave no token")
    return str(token)


def inspect(wire: Wire, package: Path, token: str, tag: str, url: str = SERVICE) -> Report:
    """Submit and wait for the report. `tag` is the set of checks (`private_victoria`, `private_classic`). Raises CloudError
    where the service refuses, breaks, or is not done in half an hour."""
    headers = {"Authorization": f"bearer {token}"}
    content_type, body = form({"included_tags": tag}, {"app_package": (package.name, package.read_bytes())})
    reply = wire.post(f"{url}/v1/app/validate", {**headers, "Content-Type": content_type}, body)
    if reply.status not in (200, 201, 202):
        raise CloudError(
            f"AppInspect did not take {package.name} ({reply.status}): {reply.said}", hint=_hint(reply.status)
        )
    request = reply.json("AppInspect").get("request_id")
    if not request:
        raise CloudError(f"AppInspect gave no request id for {package.name}")
    wire.tell(f"AppInspect checks {package.name} ({tag}), request {request}")
    _wait(wire, str(request), headers, url)
    report = wire.get(
        f"{url}/v1/app/report/{quote(str(request), safe='')}", {**headers, "Content-Type": "application/json"}
    )
    if report.status != 200:
        raise CloudError(f"AppInspect gave no report of request {request} ({report.status}): {report.said}")
    return _report(report.json("AppInspect's report"))


def _wait(wire: Wire, request: str, headers: dict[str, str], url: str) -> None:
    waited = 0.0
    while True:
        reply = wire.get(f"{url}/v1/app/validate/status/{quote(request, safe='')}", headers)
        if reply.status != 200:
            raise CloudError(
                f"AppInspect does not say how request {request} is getting on ({reply.status}): {reply.said}",
                hint=_hint(reply.status),
            )
        status = str(reply.json("AppInspect's status").get("status", "")).upper()
        if status == DONE:
            return
        if status in BROKEN:
            raise CloudError(
                f"AppInspect could not check the package (request {request}: {status})", hint="try again later"
            )
        if waited >= LONGEST_SECONDS:
            raise CloudError(
                f"AppInspect is not done with request {request} after {waited:.0f} s: {status or 'no status'}"
            )
        wire.sleep(POLL_SECONDS)
        waited += POLL_SECONDS


def _hint(status: int) -> str | None:
    return "the token of splunk.com may have run out: they last a day" if status in (401, 403) else None


def _report(found: dict[str, Any]) -> Report:
    summary = found.get("summary")
    if not isinstance(summary, dict) or not all(word in summary for word in BLOCKING):
        raise CloudError("AppInspect's report has no summary: nothing says that the package passed")
    counts = {str(word): int(count) for word, count in summary.items() if isinstance(count, int)}
    return Report(counts, tuple(_blocking(found)))


def _blocking(found: dict[str, Any]) -> Iterator[str]:
    for report in found.get("reports") or ():
        for group in report.get("groups") or ():
            for check in group.get("checks") or ():
                if check.get("result") in BLOCKING:
                    said = [str(one.get("message", "")) for one in check.get("messages") or ()]
                    yield f"{check['result']}: {check.get('name', '?')}: {'; '.join(filter(None, said)) or 'says no more'}"

"""A target by URL: the management API through splunk-sdk, the HTTP Event Collector by plain HTTPS.

Follows the REST API reference (search, saved/searches, apps/local, data/inputs/http) and the HEC reference
(services/collector, /raw, /ack).
"""

from __future__ import annotations

import http.client
import io
import json
import ssl
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar
from urllib.parse import SplitResult, quote, urlencode, urlsplit

import splunklib.client as splunk
from splunklib.binding import AuthenticationError, HTTPError, ResponseReader
from splunklib.results import JSONResultsReader, Message

from caltrop.dialect.words import fits, truth
from caltrop.replay.target import POLL_SECONDS, Job, Row, Source, TargetError
from caltrop.replay.verdict import AddOn

TOKEN_NAME = "caltrop"
BATCH_BYTES = 800_000  # below Splunk's default limit for one HEC request (max_content_length, 800 MB) by far
SERIOUS = ("FATAL", "ERROR")  # messages of a job that was not what it should have been
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True, slots=True)
class Credentials:
    """Either a session by name and password, or a bearer token."""

    username: str = "admin"
    password: str = ""
    token: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Who is logged in to a target, and what that user may do."""

    name: str
    roles: tuple[str, ...]
    capabilities: frozenset[str]


class Reply(Protocol):
    """An answer, read to its end."""

    @property
    def status(self) -> int: ...
    @property
    def content_type(self) -> str: ...
    @property
    def headers(self) -> Sequence[tuple[str, str]]: ...
    def read(self) -> bytes: ...


class Wire(Protocol):
    """A target in this process: the very requests, handed over without sockets, and word of a search that has ended.

    What it has acknowledged is searchable, and alert actions have written when their search is done.
    """

    def manage(self, method: str, target: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply: ...
    def collect(self, method: str, target: str, query: str, headers: Mapping[str, str], body: bytes) -> Reply: ...
    def wait(self, sid: str, seconds: float) -> None: ...


def _handler(wire: Wire) -> Callable[..., dict[str, Any]]:
    """splunk-sdk's requests over the wire (its `handler`)."""

    def handle(url: str, message: Mapping[str, Any], **_: Any) -> dict[str, Any]:
        parts = urlsplit(url)
        body = message.get("body", b"")
        data = body.encode() if isinstance(body, str) else body
        headers = {"host": parts.netloc, "accept": "*/*", **dict(message["headers"])}
        reply = wire.manage(message.get("method", "GET"), parts.path, parts.query, headers, data)
        return {
            "status": reply.status,
            "reason": http.client.responses.get(reply.status, ""),
            "headers": [("content-type", reply.content_type), *reply.headers],
            "body": ResponseReader(io.BytesIO(reply.read())),
        }

    return handle


P = ParamSpec("P")
T = TypeVar("T")
Asking = TypeVar("Asking", "RemoteTarget", "RemoteSearch")


# What to do where a user may not do what a method asks for.
FORBIDDEN = {
    "install": "it takes the capability install_apps; or let an administrator install it, and say --installed",
    "ensure_index": "it takes the capability indexes_edit; or let an administrator make the index, and name it with --index",
    "allow": "it takes the capability edit_token_http; or give a token that may write the index with --hec-token",
    "set_macro": "it takes write access to the app: by its default.meta admin, sc_admin and power have it",
    "update": "it takes the capability schedule_search and write access to the app",
}


def _told(method: Callable[Concatenate[Asking, P], T]) -> Callable[Concatenate[Asking, P], T]:
    """What the target refuses is a TargetError in its own words."""

    @wraps(method)
    def asked(self: Asking, /, *args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return method(self, *args, **kwargs)
        except HTTPError as error:
            hint = FORBIDDEN.get(method.__name__) if error.status == 403 else None
            raise TargetError(f"{self.url}: {reason(error)}", hint=hint) from error

    return asked


def parsed(url: str) -> SplitResult:
    """The address of a management port; without a scheme it is https. Raises TargetError for anything else."""
    parts = urlsplit(url if "://" in url else f"https://{url}")
    try:
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number
        right = False
    if not right or parts.username is not None:
        raise TargetError(f"not a target URL: {url!r}", hint="write it like https://host:8089")
    return parts


def _context(verify: bool, ca: Path | None) -> ssl.SSLContext:
    """How certificates of the target are checked. Raises TargetError for a file that holds none. Reading the system's authorities takes
    20 ms and more: not where nothing is checked by them."""
    try:
        context = ssl.create_default_context(cafile=None if ca is None else str(ca)) if verify or ca else _unchecked()
    except (OSError, ssl.SSLError) as error:
        raise TargetError(f"{ca} holds no certificates: {error}", hint="give a PEM file") from error
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _unchecked() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _unreachable(url: str, parts: SplitResult, error: Exception) -> TargetError:
    """Why nothing came of a first request, with what to do about it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return TargetError(
            f"{url}: its certificate cannot be trusted: {error.verify_message or error}",
            hint="name the certificates to check it by with --ca FILE, or do without with --insecure",
        )
    if isinstance(error, ssl.SSLError):
        return TargetError(
            f"{url} does not speak TLS: {error}", hint="is it http:// there, or another port than the management port?"
        )
    if parts.scheme == "http" and isinstance(error, (http.client.HTTPException, ConnectionResetError)):
        return TargetError(f"{url} hung up: {error}", hint="write https://: the management port speaks TLS")
    if isinstance(error, HTTPError) and error.status in (404, 405):
        return TargetError(
            f"{url} is no management port: {reason(error)}", hint="give the port of the REST API, 8089 as a rule"
        )
    return TargetError(f"cannot reach {url}: {error}", hint="is the management port open (8089 as a rule), and https?")


class RemoteTarget:
    """One Splunk, logged in to: a `Target`. Create with `RemoteTarget.connect`."""

    def __init__(
        self,
        service: splunk.Service,
        url: str,
        *,
        context: ssl.SSLContext,
        hec_url: str | None = None,
        hec_token: str | None = None,
        wire: Wire | None = None,
    ) -> None:
        self.service = service
        self._wire = wire
        self.url = url
        self._context = context
        self._hec_url = hec_url
        self._given = hec_token
        self._token: str | None = None
        self._user: User | None = None
        self._channel = str(uuid.uuid4())

    @classmethod
    def connect(
        cls,
        url: str,
        credentials: Credentials,
        *,
        hec_url: str | None = None,
        hec_token: str | None = None,
        verify: bool | None = None,
        ca: Path | None = None,
        wire: Wire | None = None,
    ) -> RemoteTarget:
        """Log in to the management port at `url` (https://host:8089, which is what is meant without a scheme). Certificates
        are checked, by those of the file `ca` where it is given, unless the host is this machine or `verify` says otherwise.
        A `hec_token` is used instead of one that the harness makes. A `wire` leads to a target in this process, whose address
        `url` is. Raises TargetError when nobody answers or the login is refused."""
        parts = parsed(url)
        url = parts.geturl()
        check = (ca is not None or parts.hostname not in LOOPBACK) if verify is None else verify
        context = _context(check, ca)
        arguments: dict[str, Any] = {
            "scheme": parts.scheme,
            "host": parts.hostname,
            "port": parts.port or 8089,
            "verify": check,
            "autologin": True,
        }
        if wire is not None:
            arguments["handler"] = _handler(wire)
        elif check and parts.scheme == "https":
            arguments["context"] = context
        if credentials.token:
            arguments["splunkToken"] = credentials.token
        else:
            arguments |= {"username": credentials.username, "password": credentials.password}
        try:
            service = splunk.connect(**arguments)
            service.info  # noqa: B018  a token is only checked by the first request
        except AuthenticationError as error:
            raise TargetError(
                f"{url} refused the token"
                if credentials.token
                else f"{url} refused the login of {credentials.username!r}",
                hint="give --username and --password, or --token; or set CALTROP_PASSWORD or CALTROP_TOKEN",
            ) from error
        except (OSError, HTTPError, http.client.HTTPException) as error:
            raise _unreachable(url, parts, error) from error
        return cls(service, url, context=context, hec_url=hec_url, hec_token=hec_token, wire=wire)

    # -- what it is

    @property
    def prompt(self) -> bool:
        return self._wire is not None

    @_told
    def version(self) -> str:
        return str(self.service.info["version"])

    @_told
    def who(self) -> User:
        """Who is logged in, asked once."""
        if self._user is None:
            content = _content(self.service.get("authentication/current-context", output_mode="json"))
            roles, capabilities = _as_list(content.get("roles")), _as_list(content.get("capabilities"))
            self._user = User(str(content["username"]), tuple(roles), frozenset(capabilities))
        return self._user

    # -- apps

    def install(self, package: Path) -> None:
        """Install or update an app from a package file that the target can read (apps/local with filename=true)."""
        try:
            self.service.post("apps/local", name=str(package), filename="true", update="true")
        except HTTPError as error:
            raise TargetError(
                f"{self.url} did not install {package.name}: {reason(error)}",
                hint=FORBIDDEN["install"]
                if error.status == 403
                else "the target reads the package from its own disk: mount it there, or install it in the UI and add --installed",
            ) from error

    @_told
    def addons(self) -> list[AddOn]:
        """From apps/local: what is not Splunk's own. The embedded server says which are Caltrop's, and for what they stepped aside."""
        body = self.service.get("apps/local", count=0, output_mode="json").body.read()
        found = []
        for entry in json.loads(body)["entry"]:
            content = entry["content"]
            ours = truth(str(content.get("caltrop_stands_in", "")))
            if not truth(str(content.get("disabled", ""))) and (ours or not truth(str(content.get("core", "")))):
                aside = str(content.get("caltrop_steps_aside_for", ""))
                found.append(AddOn(entry["name"], str(content.get("version") or ""), ours, aside))
        return sorted(found, key=lambda addon: addon.name)

    @_told
    def has_app(self, name: str) -> bool:
        try:
            self.service.get(f"apps/local/{quote(name, safe='')}")
        except HTTPError as error:
            if error.status == 404:
                return False
            raise
        return True

    # -- data in

    @_told
    def ensure_index(self, name: str, *, searched: bool = True) -> None:
        """The index exists, and searches that name no index look into it (role setting srchIndexesDefault): with `searched` False
        only as far as this user may see to that. Roles that the user may not see are taken to be right."""
        if name not in [index.name for index in self.service.indexes.list(count=-1)]:
            self.service.indexes.create(name)
        roles = self.who().roles
        seen = [entity for entity in map(self._role, roles) if entity is not None]
        if any(fits(pattern, name) for entity in seen for pattern in _default_indexes(entity)):
            return
        refused: HTTPError | None = None
        for entity in seen:
            try:
                entity.update(srchIndexesDefault=[*_as_list(entity.content.get("srchIndexesDefault")), name])
            except HTTPError as error:
                refused = error
            else:
                return
        if not searched or not seen:
            return
        raise TargetError(
            f"searches of {self.who().name!r} do not look into index {name!r} unless they name it"
            + (f", and its roles may not be changed: {reason(refused)}" if refused else ""),
            hint=f"let an administrator add {name!r} to the indexes that a role of this user ({', '.join(roles)}) searches by default",
        )

    def _role(self, name: str) -> splunk.Role | None:
        """A role, None where the user may not see it."""
        with suppress(HTTPError, KeyError):
            return self.service.roles[name]
        return None

    def send(self, source: Source, events: Iterable[Mapping[str, Any]]) -> int:
        """Events as HEC objects (`event`, `time`, `fields`); the four default fields are filled in. Returns how many
        were sent, after the target has acknowledged all of them."""
        default = {
            "index": source.index,
            "host": source.host,
            "source": source.source,
            "sourcetype": source.sourcetype,
        }
        sent = 0
        for batch, count in _batches(json.dumps({**default, **event}, ensure_ascii=False) for event in events):
            self._collect("/services/collector/event", {}, batch)
            sent += count
        return sent

    def send_raw(self, source: Source, data: bytes) -> None:
        """A whole file as it is (HEC raw): the target breaks it into events by its own rules for the sourcetype."""
        parameters = {
            "index": source.index,
            "host": source.host,
            "source": source.source,
            "sourcetype": source.sourcetype,
        }
        self._collect("/services/collector/raw", parameters, data)

    def hec_url(self) -> str:
        """Base URL of the collector: as given, or this host with the port that the target's global setting names. Raises
        TargetError where that says that it is switched off."""
        if self._hec_url is None:
            host = urlsplit(self.url).hostname or ""
            port, scheme, off = "8088", "https", False
            with suppress(HTTPError, KeyError, IndexError):
                content = _content(self.service.get("data/inputs/http/http", output_mode="json"))
                off = truth(str(content.get("disabled", "")))
                port = str(content.get("port") or port)
                scheme = "http" if str(content.get("enableSSL", "1")) in ("0", "False", "false") else "https"
            if off:
                raise TargetError(
                    f"{self.url}: the HTTP Event Collector is switched off",
                    hint="enable it under Settings > Data inputs > HTTP Event Collector > Global Settings",
                )
            self._hec_url = f"{scheme}://{f'[{host}]' if ':' in host else host}:{port}"
        return self._hec_url

    @_told
    def allow(self, *indexes: str) -> None:
        """The harness' HEC token exists, with acknowledgement, and may write these indexes; a token that was given is
        taken as it is."""
        if self._given is not None:
            self._token = self._given
            return
        try:
            content = self._token_content()
        except HTTPError as error:
            if error.status != 404:
                raise
            self.service.post(
                "data/inputs/http",
                name=TOKEN_NAME,
                index=indexes[0],
                indexes=",".join(indexes),
                useACK="1",
                disabled="0",
            )
            content = self._token_content()
        allowed = _as_list(content.get("indexes"))  # none: every index
        if allowed and not set(indexes) <= set(allowed):
            wanted = ",".join(dict.fromkeys([*allowed, *indexes]))
            self.service.post(f"data/inputs/http/{TOKEN_NAME}", indexes=wanted)
        self._token = str(content["token"])

    def _token_content(self) -> Mapping[str, Any]:
        return _content(self.service.get(f"data/inputs/http/{TOKEN_NAME}", output_mode="json"))

    def _collect(self, path: str, parameters: Mapping[str, str], body: bytes) -> None:
        if self._token is None:
            raise TargetError("no HEC token yet", hint="call allow(index) before sending")
        reply = self._hec_request(path, parameters, body)
        if "ackId" in reply:
            self._wait_acknowledged(int(reply["ackId"]))

    def _wait_acknowledged(self, ack: int, seconds: float = 60.0) -> None:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            reply = self._hec_request("/services/collector/ack", {}, json.dumps({"acks": [ack]}).encode())
            if reply.get("acks", {}).get(str(ack)):
                return
            time.sleep(POLL_SECONDS)
        raise TargetError(f"{self.hec_url()} did not acknowledge the data within {seconds:.0f} s")

    def _hec_request(self, path: str, parameters: Mapping[str, str], body: bytes) -> dict[str, Any]:
        headers = {"Authorization": f"Splunk {self._token}", "X-Splunk-Request-Channel": self._channel}
        if self._wire is not None:
            reply = self._wire.collect("POST", path, urlencode(parameters), headers, body)
            status, text = reply.status, reply.read()
        else:
            status, text = self._hec_answer(f"{path}?{urlencode(parameters)}" if parameters else path, headers, body)
        if status != 200:
            raise TargetError(f"{self.hec_url()}{path} answered {status}: {text.decode(errors='replace')[:300]}")
        answer = json.loads(text)
        if not isinstance(answer, dict):
            raise TargetError(f"{self.hec_url()}{path} answered something that is not a JSON object")
        return answer

    def _hec_answer(self, url: str, headers: Mapping[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of what the collector answers."""
        parts = urlsplit(self.hec_url())
        connection: http.client.HTTPConnection
        if parts.scheme == "https":
            connection = http.client.HTTPSConnection(
                parts.hostname or "", parts.port or 8088, context=self._context, timeout=60
            )
        else:
            connection = http.client.HTTPConnection(parts.hostname or "", parts.port or 8088, timeout=60)
        try:
            connection.request("POST", url, body=body, headers=dict(headers))
            reply = connection.getresponse()
            return reply.status, reply.read()
        except (OSError, http.client.HTTPException) as error:
            raise TargetError(
                f"cannot reach the HTTP Event Collector at {self.hec_url()}: {error}",
                hint="give its address with --hec-url",
            ) from error
        finally:
            connection.close()

    # -- searches

    @_told
    def search(self, /, spl: str, **arguments: Any) -> list[Row]:
        """All result rows of an ad-hoc search, waited for."""
        job = self.service.jobs.create(spl, exec_mode="normal", **arguments)
        return self.finish(job, what=spl)

    @_told
    def finish(self, job: splunk.Job, *, what: str, seconds: float = 300.0) -> list[Row]:
        """Wait until a job is done and read its rows. Raises TargetError when it failed or took too long."""
        if self._wire is not None:
            self._wire.wait(job.sid, seconds)
        deadline = time.monotonic() + seconds
        while not truth(str((state := self._state(job.sid)).get("isDone", ""))):
            if time.monotonic() > deadline:
                with suppress(HTTPError):
                    job.cancel()
                raise TargetError(f"not finished after {seconds:.0f} s: {what[:200]}")
            time.sleep(POLL_SECONDS / 2)
        problems = _problems(state)
        if truth(str(state.get("isFailed", ""))) or problems:
            raise TargetError("; ".join(problems) or f"the search failed: {what[:200]}")
        return list(_rows(job))

    def _state(self, sid: str) -> Mapping[str, Any]:
        """What the target says of a job; nothing as long as it has only been accepted (204)."""
        reply = self.service.get(f"search/jobs/{quote(sid, safe='')}", output_mode="json")
        return {} if reply.status == 204 else _content(reply)

    @_told
    def saved_search(self, name: str, app: str) -> RemoteSearch:
        try:
            return RemoteSearch(self.url, self.service.saved_searches[name, splunk.namespace(owner="nobody", app=app)])
        except KeyError as error:
            raise TargetError(f"{self.url} has no saved search {name!r} in app {app!r}") from error

    # -- macros

    @_told
    def macro(self, name: str, app: str) -> str:
        """The definition of a macro, as the target has it now."""
        return str(self._macro(name, app)["definition"])

    @_told
    def macro_settings(self, name: str, app: str) -> Mapping[str, str] | None:
        """The settings of a macro by its stanza (`name(2)` with two arguments), as the target has it now; None where there is none."""
        try:
            content = self._macro(name, app)
        except TargetError:
            return None
        return {str(key): str(value) for key, value in content.items() if value is not None}

    @_told
    def set_macro(self, name: str, app: str, definition: str) -> None:
        self._asked_for_macro(name, app, lambda path: self.service.post(path, definition=definition))

    def _macro(self, name: str, app: str) -> Mapping[str, Any]:
        reply = self._asked_for_macro(name, app, lambda path: self.service.get(path, output_mode="json"))
        return _content(reply)

    def _asked_for_macro(self, name: str, app: str, ask: Callable[[str], Any]) -> Any:
        try:
            return ask(f"/servicesNS/nobody/{quote(app, safe='')}/configs/conf-macros/{quote(name, safe='')}")
        except HTTPError as error:
            if error.status == 404:
                raise TargetError(f"{self.url} has no macro {name!r} in app {app!r}") from error
            raise


class RemoteSearch:
    """A saved search of a target: splunk-sdk's, whose refusals are TargetErrors."""

    def __init__(self, url: str, entity: splunk.SavedSearch) -> None:
        self.url = url
        self._entity = entity

    @property
    def name(self) -> str:
        return str(self._entity.name)

    @property
    def content(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._entity.content
        return found

    @_told
    def dispatch(self, /, **arguments: str) -> Job:
        job: Job = self._entity.dispatch(**arguments)
        return job

    @_told
    def history(self) -> Sequence[Job]:
        jobs: list[Job] = self._entity.history()
        return jobs

    @_told
    def update(self, /, **settings: Any) -> None:
        self._entity.update(**settings)

    @_told
    def enable(self) -> None:
        self._entity.enable()

    @_told
    def disable(self) -> None:
        self._entity.disable()


def _rows(job: splunk.Job) -> Iterator[Row]:
    for item in JSONResultsReader(job.results(output_mode="json", count=0)):
        if not isinstance(item, Message):
            yield dict(item)


def _content(reply: Any) -> Mapping[str, Any]:
    """The content of the only entry of an answer in JSON."""
    found: Mapping[str, Any] = json.loads(reply.body.read())["entry"][0]["content"]
    return found


def _problems(state: Mapping[str, Any]) -> list[str]:
    """What a job says went wrong, what ended it first. Messages are a list of type and text, or texts by their type."""
    told = state.get("messages") or ()
    if isinstance(told, Mapping):
        said = [(str(kind), text) for kind, texts in told.items() for text in _as_list(texts)]
    else:
        said = [(str(one.get("type")), str(one.get("text") or "")) for one in told if isinstance(one, Mapping)]
    return [text for kind in SERIOUS for each, text in said if each.upper() == kind and text]


def _default_indexes(role: splunk.Role) -> list[str]:
    """What searches of the role look into when they name no index: its own and those of the roles that it inherits."""
    content = role.content
    return _as_list(content.get("srchIndexesDefault")) + _as_list(content.get("imported_srchIndexesDefault"))


def _as_list(value: Any) -> list[str]:
    if value is None:
        return []
    return [str(v) for v in value] if isinstance(value, list) else [str(value)]


def _batches(lines: Iterable[str]) -> Iterator[tuple[bytes, int]]:
    buffer: list[bytes] = []
    size = 0
    for line in lines:
        data = line.encode()
        buffer.append(data)
        size += len(data)
        if size >= BATCH_BYTES:
            yield b"\n".join(buffer), len(buffer)
            buffer, size = [], 0
    if buffer:
        yield b"\n".join(buffer), len(buffer)


def reason(error: HTTPError) -> str:
    """What the server said, without the HTTP status line where it said more; also where it said it in JSON."""
    body = getattr(error, "body", b"")
    try:
        told = [str(one["text"]) for one in json.loads(body)["messages"] if one.get("type") != "INFO"]
    except (ValueError, KeyError, TypeError, AttributeError):
        told = []
    return "; ".join(told) or str(getattr(error, "message", "") or error).strip()

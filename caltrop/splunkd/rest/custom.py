"""Custom REST endpoints of apps (restmap.conf): the app's handler, in a process of its own for each request.

Follows restmap.conf.spec and the pages on custom endpoints of the developer guide. Of its stanzas `[script:<name>]` are served, with
`match`, `handler` (module.Class in the app's `bin`), `scripttype` persist or python, `requireAuthentication`, `capability` and
`capability.<verb>`, `passPayload`, `passHttpHeaders`, `passSession`, `passSystemAuth`. A persistent handler is asked as if it had
just been started, every time. With `stream = true` a Splunk sends the payload in pieces: `handle` gets it whole here, as with
passPayload. Handlers of EAI (`[admin_external:…]`) are in `external.py`.
"""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import unquote

from caltrop import children
from caltrop.dialect.words import truth
from caltrop.engine import onpath
from caltrop.knowledge.configuration import MergedStanza, disabled
from caltrop.splunkd.access.accounts import SYSTEM_USER
from caltrop.splunkd.state.state import SERVER_NAME, State
from caltrop.splunkd.wire.http import FORM, JSON, TEXT, XML, ApiError, Request, Response, parse_args

SECONDS = 60.0
_HANDLER = re.compile(r"\w+(?:\.\w+)+")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,100}")
_KEPT = frozenset({"content-length", "transfer-encoding", "connection"})  # which are the server's to say


@dataclass(frozen=True, slots=True)
class Endpoint:
    """What an app serves, and what of the path stands below it."""

    stanza: MergedStanza
    match: str
    below: str

    @property
    def open(self) -> bool:
        """Whether nobody has to log in."""
        return not truth(self.stanza.get("requireAuthentication"), True)


def find(state: State, segments: Sequence[str]) -> Endpoint | None:
    """The endpoint that serves the path; of several that do the one that names most of it."""
    path = "/" + "/".join(map(unquote, segments))
    found: Endpoint | None = None
    for name, stanza in state.config.stanzas("restmap").items():
        match = "/" + stanza.get("match").strip().strip("/")
        if not name.startswith("script:") or len(match) < 2 or disabled(stanza):
            continue
        if (path == match or path.startswith(match + "/")) and (found is None or len(match) > len(found.match)):
            found = Endpoint(stanza, match, path[len(match) :].lstrip("/"))
    return found


def answer(state: State, endpoint: Endpoint, request: Request) -> Response:
    """What the handler answers. Raises ApiError where it may not be asked, cannot be, or does not answer."""
    stanza = endpoint.stanza
    require_capability(state, stanza, request)
    state.require_scripts(f"The endpoint {endpoint.match} of the app {stanza.app!r}")
    handler = stanza.get("handler").strip()
    bin_ = state.config.app_path(stanza.app) / "bin"
    if not _HANDLER.fullmatch(handler) or not (bin_ / f"{handler.split('.')[0]}.py").is_file():
        raise ApiError(
            500, f"{stanza.place('handler')}: [{stanza.name}] has no handler module.Class in bin: {handler!r}"
        )
    with ExitStack() as sessions:
        asked = json.dumps(_asked(state, endpoint, request, sessions)).encode()
        done = children.run(
            [sys.executable, str(onpath.APPSERVER), handler], asked,
            cwd=bin_, environment=onpath.environment(bin_ / "handler"), seconds=SECONDS,
        )  # fmt: skip
    if done.said:
        state.logs.warn("PersistentScript", f"From {stanza.app}/{handler}: {done.said}")
    if done.late or done.much or done.code:
        why = (
            f"took longer than {SECONDS:g} s"
            if done.late
            else "gave too much"
            if done.much
            else f"ended with {done.code}"
        )
        raise ApiError(500, f"The handler {handler} of the app {stanza.app!r} {why}.")
    return _response(json.loads(done.out), request)


def require_capability(state: State, stanza: MergedStanza, request: Request) -> None:
    """`capability.<verb>` of a stanza, else `capability`. Raises ApiError 403."""
    needed = stanza.get(f"capability.{request.method.lower()}").strip() or stanza.get("capability").strip()
    if needed:
        state.permissions.require_all(request.account, needed)


def _asked(state: State, endpoint: Endpoint, request: Request, sessions: ExitStack) -> dict[str, object]:
    """The request as handlers are given it."""
    stanza = endpoint.stanza
    kind = request.headers.get("content-type", FORM).split(";")[0].strip().lower()
    body = request.body.decode("utf-8", "replace")
    output = request.args.get("output_mode", "")
    found: dict[str, object] = {
        "method": request.method,
        "rest_path": endpoint.match,
        "path_info": endpoint.below,
        "output_mode": output or stanza.get("output_modes", "xml").split(",")[0].strip(),
        "output_mode_explicit": bool(output),
        "restmap": {"name": stanza.name, "conf": stanza.values()},
        "ns": {key: value for key, value in (("user", request.owner), ("app", request.app)) if value is not None},
        "query": [list(pair) for pair in parse_args(request.query).pairs],
        "form": [list(pair) for pair in parse_args(body).pairs] if kind == FORM and body else [],
        "server": {"rest_uri": state.url, "hostname": SERVER_NAME, "servername": SERVER_NAME, "guid": state.guid},
        "connection": {"src_ip": "127.0.0.1", "ssl": True, "listening_port": state.mgmt_port},
        "lang": "en-US",
    }
    passes = stanza.get("passPayload").strip().lower()
    if passes == "base64":
        found["payload_base64"] = base64.b64encode(request.body).decode()
    elif truth(passes) or truth(stanza.get("stream")) or kind != FORM:
        found["payload"] = body
    if truth(stanza.get("passHttpHeaders")):
        found["headers"] = [[name, value] for name, value in request.headers.items()]
    if request.user is not None and truth(stanza.get("passSession"), True):
        name = request.account.name
        key = request.session or sessions.enter_context(state.accounts.session(name))
        found["session"] = {"user": name, "authtoken": key}
    if truth(stanza.get("passSystemAuth")):
        found["system_authtoken"] = sessions.enter_context(state.accounts.session(SYSTEM_USER))
    return found


def _response(found: dict[str, object], request: Request) -> Response:
    payload = str(found.get("payload", ""))
    headers = found.get("headers")
    pairs = [(str(name), str(value)) for name, value in headers] if isinstance(headers, list) else []
    kind = next((value for name, value in pairs if name.lower() == "content-type"), "")
    if not kind:
        kind = JSON if request.json else XML if payload.lstrip().startswith("<") else TEXT
    status = found.get("status")
    kept = [
        (name, value.replace("\r", " ").replace("\n", " "))
        for name, value in pairs
        if _HEADER.fullmatch(name) and name.lower() not in _KEPT | {"content-type"}
    ]
    known = status if isinstance(status, int) and 200 <= status <= 599 else 500
    return Response(known, payload.encode(), kind.replace("\r", " ").replace("\n", " "), kept)

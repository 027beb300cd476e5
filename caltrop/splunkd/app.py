"""The management API as one function: request in, response out. Authentication, routing, and errors as bodies.

Follows the "Basic concepts" and "Authentication and authorization" pages of the REST API user manual.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from caltrop.errors import CaltropError
from caltrop.splunkd import endpoints
from caltrop.splunkd.access import capabilities
from caltrop.splunkd.access.authentication import authenticate, session_cookie, session_cookies
from caltrop.splunkd.endpoints.inputs import scheme_inputs
from caltrop.splunkd.intake.receivers import origin_of
from caltrop.splunkd.rest import collection, custom, external, releases
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Entry, Feed, render_feed, render_messages
from caltrop.splunkd.wire.http import ApiError, NotFound, Request, Response, Sink, dressed

log = logging.getLogger(__name__)
METHODS = frozenset({"GET", "POST", "DELETE", "PUT", "HEAD"})
MAX_BODY = 32 << 20
BODIES = {  # most bytes of a body, by the beginning of the path
    "caltrop/apps": 256 << 20,
    "caltrop/upload": 256 << 20,
    "receivers/": 256 << 20,
    "storage/collections/data": 64 << 20,
    "data/lookup-table-files": 64 << 20,
    "data/lookup_edit": 64 << 20,
}
JOBS = (["search", "jobs"], ["search", "v2", "jobs"])


class ManagementApp:
    """What listens on the management port."""

    receives = Request

    def __init__(self, wings: Wings) -> None:
        endpoints.load()
        self.wings, self.state = wings, wings.state
        self.collections = {path: cls(wings) for path, cls in collection.collections.items()}
        # Where the server's own paths begin: apps have theirs elsewhere.
        self._roots = {path.partition("/")[0] for path in (*self.collections, *collection.routes)} | {
            "admin",
            "configs",
        }
        self.handlers = {name: cls(wings) for name, cls in collection.by_handler().items()}

    def admit(self, request: Request) -> int | Response:
        """Whether this caller may send a large body, before it is read: bytes, or the refusal."""
        allowed = MAX_BODY

        def ask() -> Response:
            nonlocal allowed
            request.read_args()
            path = "/".join(request.segments)
            route = collection.routes.get(path)
            if route is not None and route.open:
                raise ApiError(413, "The body is too large")
            self._known(request)
            allowed = next((most for start, most in BODIES.items() if path.startswith(start)), MAX_BODY)
            return Response()

        response = self._guarded(request, ask, log_access=False)
        return allowed if response.status == 200 else response

    def handle(self, request: Request) -> Response:
        """Answer any request; every failure becomes an error body, never an exception."""

        def ask() -> Response:
            request.read_args()
            return self._answer(request)

        return self._guarded(request, ask, log_access=True)

    def _known(self, request: Request) -> None:
        """Who asks, found out once."""
        if request.user is None:
            request.user, request.session = authenticate(self.state.accounts, request)

    def _guarded(self, request: Request, ask: Callable[[], Response], *, log_access: bool) -> Response:
        started = self.state.clock()
        request.version = self.state.version
        try:
            response = ask()
        except ApiError as error:
            told = [(error.kind, error.text), *error.more]
            response = render_messages(told, as_json=request.json_errors, status=error.status)
            response.headers += error.headers
        except CaltropError as error:
            response = render_messages([("ERROR", str(error))], as_json=request.json_errors, status=400)
        except Exception as error:
            log.exception("%s %s failed", request.method, request.target)
            self.state.logs.error("HttpListener", f"{type(error).__name__} while answering {request.target}")
            text = f"Internal server error: {type(error).__name__}"
            response = render_messages([("ERROR", text)], as_json=request.json_errors, status=500)
        if request.session and session_cookies(request.headers):
            response.headers.append(session_cookie(request.port, request.session))
        if log_access or response.status != 200:
            self.state.logs.access(request, response.status, started)
        return dressed(response)

    def open_stream(self, request: Request) -> Sink | None:
        """Where the bytes of a `receivers/stream` request go; None when it may not send."""
        try:
            request.read_args()
            request.user, request.session = authenticate(self.state.accounts, request)
            self.state.permissions.require(request.user, *capabilities.needed("receivers/stream", "POST"))
            return self.wings.intake.ingest.stream(origin_of(self.state.store, request))
        except (ApiError, CaltropError) as error:
            self.state.logs.warn("HttpListener", f"receivers/stream refused: {error}")
            return None

    def refuse(self, error: ApiError) -> Response:
        told = [(error.kind, error.text), *error.more]
        return dressed(render_messages(told, as_json=False, status=error.status))

    def _answer(self, request: Request) -> Response:
        if request.method not in METHODS:
            raise ApiError(405, "Method Not Allowed")
        if request.method == "HEAD":
            request.method = "GET"
        segments = request.segments
        path = "/".join(segments)
        route = collection.routes.get(path)
        if route is not None and route.open:
            return self._run(route, request)
        own = None if segments[:1] and segments[0] in self._roots else custom.find(self.state, segments)
        if own is not None and own.open:
            return custom.answer(self.state, own, request)
        self._known(request)
        if own is not None:
            return custom.answer(self.state, own, request)
        if (
            route is None
            and not self._served(segments)
            and (brought := external.find(self.wings, segments)) is not None
        ):
            return _ask(brought[0], request, brought[1])
        if request.method == "PUT" and (segments[:2] in JOBS or segments[:3] in JOBS):
            raise ApiError(405, "Method Not Allowed")
        if not releases.has(self.state.version, path):
            raise _unknown(path)
        if route is not None:
            return self._run(route, request)
        if len(segments) >= 2 and segments[0] in {"configs", "admin"} and segments[1].startswith("conf-"):
            return _ask(self.collections["configs/conf-*"], request, segments[2:])
        if len(segments) >= 2 and segments[0] == "admin" and (handler := self._by_name(segments[1])) is not None:
            return _ask(handler, request, segments[2:])
        if segments[:2] == ["data", "inputs"] and len(segments) > 2 and "/".join(segments[:3]) not in self.collections:
            inputs = scheme_inputs(self.wings, segments[2])
            if inputs is not None:
                return _ask(inputs, request, segments[3:])
        for length in range(len(segments), 0, -1):
            handler = self.collections.get("/".join(segments[:length]))
            if handler is not None:
                return _ask(handler, request, segments[length:])
        return self._below(request, path)

    def _served(self, segments: list[str]) -> bool:
        """Whether the path is the server's own: an app serves nothing there."""
        if segments[:1] == ["admin"] and len(segments) > 1:
            return (
                segments[1].startswith("conf-")
                or self._by_name(segments[1]) is not None
                or "/".join(segments[:2]) in self.collections
            )
        return segments[:1] == [] or segments[0] in self._roots

    def _by_name(self, name: str) -> collection.Collection | None:
        """`admin/<name>`: what answers under the name of its handler, which is the title of its lists, as every other path does."""
        if f"admin/{name}" in self.collections:
            return None
        return self.handlers.get(name) or scheme_inputs(self.wings, name, f"admin/{name}")

    def _run(self, route: collection.Route, request: Request) -> Response:
        if request.method not in route.methods:
            raise collection.method_refused(route.methods, "The method is not allowed.", "FATAL")
        if not route.open:
            self.state.permissions.require(request.account, *capabilities.needed(route.path, request.method))
        return route.handler(self.wings, request)

    def _below(self, request: Request, path: str) -> Response:
        """A folder of the tree (`/services/data`) lists what is in it; the root of it is no folder."""
        known = [*collection.routes, *self.collections]
        if request.method == "GET" and path and any(p.startswith(path + "/") for p in known):
            return self._list_paths(request, path + "/")
        raise _unknown(path)

    def _list_paths(self, request: Request, prefix: str) -> Response:
        known = [*collection.routes, *self.collections]
        names = sorted({p.removeprefix(prefix).split("/")[0] for p in known if p.startswith(prefix)})
        folder = prefix.rstrip("/")
        request.require_mode("json", "xml")
        entries = [Entry(name, folder, {}) for name in names]
        feed = Feed("services", folder, entries, updated=self.state.now())
        return render_feed(feed, request)


def _unknown(path: str) -> ApiError:
    return ApiError(404, "Unknown endpoint.", "FATAL") if path.startswith("search/") else NotFound("Not Found")


def _ask(handler: collection.Collection, request: Request, rest: list[str]) -> Response:
    handler.authorize(request, rest)
    if request.method == "PUT":
        raise NotFound("Requested invalid action 'PUT'.")
    return handler.handle(request, rest)

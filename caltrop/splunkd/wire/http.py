"""HTTP without sockets: what a request asked, what the answer is, and the failure that becomes an error body.

Everything above this module is synchronous and works on these values, so that the whole application can be called in
process. Paths follow the "Basic concepts" page of the REST API user manual: `/services/<path>` or
`/servicesNS/<owner>/<app>/<path>`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import parse_qsl, unquote, unquote_plus

from caltrop.dialect.words import known_truth

XML = "text/xml; charset=UTF-8"
JSON = "application/json; charset=UTF-8"
TEXT = "text/plain; charset=UTF-8"

DEFAULT_APP = "search"
VERSION = "10.4.2"  # the release whose answers these are; `caltrop serve --splunk-version` claims another
MODES = frozenset({"atom", "csv", "json", "json_cols", "json_rows", "raw", "xml"})  # that any endpoint of splunkd knows
MAX_FORM_FIELDS = 10_000


class Caller(Protocol):
    """Whom a request is from, as far as an answer depends on it."""

    name: str
    roles: list[str]
    defaultApp: str


class ApiError(Exception):
    """An answer other than success. `kind` is the message type that Splunk prints (ERROR, WARN, FATAL); `more` messages follow."""

    def __init__(
        self, status: int, text: str, kind: str = "ERROR", headers: Iterable[tuple[str, str]] = (), *,
        more: Sequence[tuple[str, str]] = (),
    ) -> None:  # fmt: skip
        super().__init__(text)
        self.status = status
        self.text = text
        self.kind = kind
        self.headers = list(headers)
        self.more = tuple(more)


class NotFound(ApiError):
    def __init__(self, text: str = "Not Found") -> None:
        super().__init__(404, text)


def flag(text: str | None, default: bool = False) -> bool:
    """A boolean as Splunk reads one; 400 for any other word."""
    if text is None:
        return default
    known = boolean(text)
    if known is None:
        raise ApiError(400, f"Invalid boolean value {text!r}")
    return known


def boolean(text: str) -> bool | None:
    """What a boolean argument means, an empty one being false; None for no boolean."""
    return known_truth(text) if text.strip() else False


class Args:
    """Query and form arguments in order; a name may repeat, and the last value counts where one is wanted."""

    def __init__(self, pairs: Iterable[tuple[str, str]] = ()) -> None:
        self.pairs = list(pairs)

    def __contains__(self, name: object) -> bool:
        return any(key == name for key, _ in self.pairs)

    def __iter__(self) -> Iterator[str]:
        return iter(dict(self.pairs))

    def get(self, name: str, default: str = "") -> str:
        value = self.maybe(name)
        return default if value is None else value

    def maybe(self, name: str) -> str | None:
        for key, value in reversed(self.pairs):
            if key == name:
                return value
        return None

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.pairs if key == name]

    def flag(self, name: str, default: bool = False) -> bool:
        return flag(self.maybe(name), default)

    def integer(self, name: str, default: int) -> int:
        value = self.maybe(name)
        if value is None or not value.strip():
            return default
        try:
            return int(value)
        except ValueError:
            raise ApiError(400, f"Argument {name!r} must be an integer, not {value!r}") from None

    def number(self, name: str, default: float) -> float:
        value = self.maybe(name)
        if value is None or not value.strip():
            return default
        try:
            return float(value)
        except ValueError:
            raise ApiError(400, f"Argument {name!r} must be a number, not {value!r}") from None

    def required(self, name: str) -> str:
        value = self.maybe(name)
        if value is None or not value:
            raise ApiError(400, f"Required argument {name!r} is missing")
        return value

    def without(self, *names: str) -> dict[str, str]:
        """The last value of every other name."""
        return {key: value for key, value in self.pairs if key not in names}


FORM = "application/x-www-form-urlencoded"


def parse_args(text: str) -> Args:
    try:
        return Args(parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_FORM_FIELDS))
    except ValueError as error:
        raise ApiError(400, f"Cannot read the arguments: {error}") from None


@dataclass(slots=True)
class Request:
    """One request. `target` is the raw path (percent-encoded, no query)."""

    method: str
    target: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # lower-case names
    body: bytes = b""
    port: int = 0  # the port it came in on; names the session cookie

    owner: str | None = None  # namespace of the path: None for /services
    app: str | None = None
    segments: list[str] = field(default_factory=list)  # below the namespace, still encoded
    user: Caller | None = None
    session: str = ""  # the session key it was authenticated with, if any
    args: Args = field(default_factory=Args)
    version: str = VERSION  # what the server claims to be
    gone: Callable[[], bool] = bool  # whether the client has hung up: nobody reads the answer

    def __post_init__(self) -> None:
        parts = [p for p in self.target.split("/") if p]
        if parts[:1] == ["servicesNS"] and len(parts) >= 3:
            self.owner, self.app = unquote(parts[1]), unquote(parts[2])
            self.segments = parts[3:]
        elif parts[:1] == ["services"]:
            self.segments = parts[1:]
        else:
            raise NotFound()

    def read_args(self) -> None:
        """Query arguments, then (for a form body) form arguments, whatever the method.

        A form labelled as JSON is a form: solnlib sends such, and splunkd goes by what the body is.
        """
        pairs = parse_args(self.query).pairs
        kind = self.headers.get("content-type", FORM).split(";")[0].strip().lower()
        if self.body and (kind == FORM or (kind == "application/json" and self.body.lstrip()[:1] not in b'{["')):
            pairs = pairs + parse_args(self.body.decode("utf-8", "replace")).pairs
        self.args = Args(pairs)

    @property
    def account(self) -> Caller:
        assert self.user is not None, "routes that need no login do not ask who it is"
        return self.user

    @property
    def address(self) -> str:
        """Host and port as the client wrote them, for links."""
        return self.headers.get("host", "") or f"127.0.0.1:{self.port}"

    def place(self) -> tuple[str, str]:
        """(owner, app) where a new object goes: the namespace of the path, wildcards and gaps filled for the caller."""
        owner = self.account.name if self.owner in (None, "-") else self.owner
        app = (self.account.defaultApp or DEFAULT_APP) if self.app in (None, "-") else self.app
        assert owner is not None and app is not None
        return owner, app

    @property
    def json(self) -> bool:
        return self.args.get("output_mode", "").lower() == "json"

    @property
    def json_errors(self) -> bool:
        """Whether an error is told as JSON: where any of its layouts was asked for."""
        return self.args.get("output_mode", "").lower() in {"json", "json_cols", "json_rows"}

    def require_mode(self, *served: str) -> None:
        """400 for an output mode that splunkd does not know, or that this endpoint does not serve."""
        mode = self.args.maybe("output_mode")
        if mode is None or mode.lower() in served:
            return
        if mode.lower() not in MODES:
            raise ApiError(400, f"Invalid output mode specified ({mode}).")
        raise ApiError(400, f"Output mode '{mode}' is not supported for this endpoint.", "WARN")


def names_of(segment: str) -> list[str]:
    """What an encoded path segment may name, most likely first.

    Clients encode names once or twice (a slash always twice in links), and `+` may be a space or itself.
    """
    once = unquote_plus(segment)
    candidates = [once, unquote(segment), unquote(once), unquote(unquote(segment))]
    return list(dict.fromkeys(candidates))


@dataclass(slots=True)
class Response:
    """An answer; `body` is bytes, or an iterator of bytes that is sent as it is made."""

    status: int = 200
    body: bytes | Iterator[bytes] = b""
    content_type: str = XML
    headers: list[tuple[str, str]] = field(default_factory=list)

    def read(self) -> bytes:
        if not isinstance(self.body, bytes):
            self.body = b"".join(self.body)
        return self.body


# What every answer carries. Nothing may be kept, and pages of it may not be framed.
HEAD = (
    ("Expires", "Thu, 26 Oct 1978 00:00:00 GMT"),
    ("Cache-Control", "no-store, no-cache, must-revalidate, max-age=0"),
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Cookie, Authorization"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Server", "Splunkd"),
)
# The collector says less: it knows no cookies, and its answers are not dated.
COLLECTOR_HEAD = (
    ("X-Content-Type-Options", "nosniff"),
    ("Vary", "Authorization"),
    ("X-Frame-Options", "SAMEORIGIN"),
    ("Server", "Splunkd"),
)


def dressed(response: Response, head: Iterable[tuple[str, str]] = HEAD) -> Response:
    """The answer with the head that all answers of a listener carry."""
    response.headers[:0] = head
    return response


class Application(Protocol):
    @property
    def receives(self) -> type[Request]:
        """What a request to this application is; it raises ApiError for a path that can be none."""
        ...

    def admit(self, request: Request) -> int | Response:
        """Asked before a large or compressed body is read: how many bytes this caller may send here, or the answer to it."""
        ...

    def handle(self, request: Request) -> Response: ...

    def refuse(self, error: ApiError) -> Response:
        """The answer to a request that never became one (unknown root, body too large)."""
        ...


class Sink(Protocol):
    """Takes the bytes of one stream, in order, from one thread at a time."""

    def feed(self, data: bytes) -> object: ...

    def close(self) -> object: ...

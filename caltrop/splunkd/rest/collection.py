"""REST handlers: one class per collection of objects, or one function per path, registered where it is defined.

A `Collection` gives `entries`, and as far as it allows them `create`, `update` and `delete`; methods decorated with
`@action` answer paths below an entry (`<name>/enable`), those with `@collection_action` paths below the collection
(`_new`, `export`). Paging, filtering and sorting follow "Pagination and filtering parameters" of the REST API reference.
"""

from __future__ import annotations

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, ClassVar, TypeVar

from caltrop.dialect.words import fits
from caltrop.splunkd.access import capabilities
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Acl, Entry, Feed, render_feed
from caltrop.splunkd.wire.http import ApiError, NotFound, Request, Response, names_of

Handler = Callable[[Wings, Request], Response]
EntryAction = Callable[[Any, Request, Entry], Response | Entry | None]
CollectionAction = Callable[[Any, Request], Response | Entry | None]
C = TypeVar("C", bound="type[Collection]")
H = TypeVar("H", bound=Handler)
F = TypeVar("F", bound=Callable[..., Any])

ALL = {0, -1}
WHOLE_PAGE = 10_000_000  # the page size that splunkd tells where all entries are asked for
# What every list, and every entry read by itself, takes.
LISTING = frozenset(
    {"_", "count", "f", "offset", "output_mode", "search", "sort_dir", "sort_key", "sort_mode", "summarize"}
)
# What every form may hold beside the settings of an object.
STEERING = LISTING | {"createonly", "eai:acl", "eai:attributes", "name"}
SWITCHES = frozenset({"enable", "disable"})
EAI_ACTIONS = {"GET": "list", "POST": "edit", "DELETE": "remove"}


def method_refused(allowed: Iterable[str], text: str, kind: str) -> ApiError:
    """405, naming the methods that are allowed."""
    return ApiError(405, text, kind, [("Allow", ", ".join(sorted(allowed)))])


@dataclass(frozen=True, slots=True)
class Route:
    """A single path answered by a function. `open` routes need no login."""

    path: str
    methods: frozenset[str]
    handler: Handler
    open: bool = False


routes: dict[str, Route] = {}
collections: dict[str, type[Collection]] = {}


def route(path: str, *methods: str, open: bool = False) -> Callable[[H], H]:
    """Register a function for exactly this path (below the namespace)."""

    def register(handler: H) -> H:
        if path in routes or path in collections:
            raise RuntimeError(f"path {path!r} is registered twice")
        routes[path] = Route(path, frozenset(methods), handler, open)
        return handler

    return register


def register(cls: C) -> C:
    """Register a collection under its `path` and `aliases`."""
    for path in (cls.path, *cls.aliases):
        if path in routes or path in collections:
            raise RuntimeError(f"path {path!r} is registered twice")
        collections[path] = cls
    return cls


def by_handler() -> dict[str, type[Collection]]:
    """Each kind of collection under the name of its handler, as `admin/<handler>`; rights are those of its own path."""
    return dict(_by_handler(len(collections)))


@lru_cache(1)
def _by_handler(_number: int) -> dict[str, type[Collection]]:
    """Made once for all servers of a process, and again where a kind was registered meanwhile."""
    found: dict[str, type[Collection]] = {}
    for path, cls in collections.items():
        name = cls.title or path.rpartition("/")[2]
        if cls.path == path and name not in found:
            facts = {"path": f"admin/{name}", "rights": cls.rights or path, "__doc__": cls.__doc__}
            found[name] = type(cls.__name__, (cls,), facts)
    return found


def action(name: str, *methods: str) -> Callable[[F], F]:
    """Mark a method as the answer to `<collection>/<entry>/<name>`."""

    def mark(function: F) -> F:
        function.__dict__["entry_action"] = (name, frozenset(methods))
        return function

    return mark


def collection_action(name: str, *methods: str) -> Callable[[F], F]:
    """Mark a method as the answer to `<collection>/<name>`."""

    def mark(function: F) -> F:
        function.__dict__["collection_action"] = (name, frozenset(methods))
        return function

    return mark


class Collection(ABC):
    """Base of all handlers of object collections."""

    path: ClassVar[str]
    aliases: ClassVar[tuple[str, ...]] = ()
    title: ClassVar[str] = ""
    noun: ClassVar[str] = "object"
    rights: ClassVar[str] = ""  # key of access.capabilities.TABLE where it is not the path
    sort_key: ClassVar[str] = "name"
    sort_descending: ClassVar[bool] = False
    required: ClassVar[tuple[str, ...]] = ()  # eai:attributes
    optional: ClassVar[tuple[str, ...]] = ()
    wildcard: ClassVar[tuple[str, ...]] = ()
    listing_args: ClassVar[frozenset[str]] = frozenset()  # what a GET takes beside LISTING
    unnamed: ClassVar[frozenset[str]] = frozenset()  # what a form takes besides, without eai:attributes naming it
    strict: ClassVar[bool] = False  # whether a form may hold only the fields above
    paged: ClassVar[bool] = True
    messaged: ClassVar[bool] = True
    entry_actions: ClassVar[dict[str, tuple[frozenset[str], str]]] = {}
    collection_actions: ClassVar[dict[str, tuple[frozenset[str], str]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.entry_actions, cls.collection_actions = {}, {}
        for name, value in ((n, v) for base in reversed(cls.__mro__) for n, v in vars(base).items()):
            marks = getattr(value, "__dict__", {})
            if "entry_action" in marks:
                cls.entry_actions[marks["entry_action"][0]] = (marks["entry_action"][1], name)
            if "collection_action" in marks:
                cls.collection_actions[marks["collection_action"][0]] = (marks["collection_action"][1], name)

    def __init__(self, wings: Wings) -> None:
        self.wings = wings
        self.state, self.searching, self.intake = wings.state, wings.searching, wings.intake

    def path_of(self, request: Request) -> str:
        """The collection's path in this request (one class may serve several)."""
        return self.path

    # -- what a subclass gives -----------------------------------------------------------------------------------------

    @abstractmethod
    def entries(self, request: Request) -> Iterable[Entry]:
        """Every object the request may see."""

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        """The object of the first of these names that exists (several under a wildcard namespace)."""
        entries = list(self.entries(request))
        for name in names:
            found = [e for e in entries if e.name == name]
            if found:
                return found
        return []

    def create(self, request: Request, name: str) -> Entry | Response:
        raise ApiError(405, f"Cannot create: {self.path} is read-only")

    def update(self, request: Request, entry: Entry) -> Entry | Response:
        raise ApiError(405, f"Cannot change: {self.path} is read-only")

    def delete(self, request: Request, entry: Entry) -> None:
        raise ApiError(405, f"Cannot remove: {self.path} is read-only")

    def template(self, request: Request) -> Entry:
        """The `_new` entry: which fields a new object may have."""
        owner, app = request.place()
        acl = Acl(app=app, owner=owner, sharing="user", read=None, write=None)
        return Entry(
            "_new",
            self.path_of(request),
            dict.fromkeys(self.required, ""),
            acl,
            required=self.required,
            optional=self.optional,
            wildcard=self.wildcard,
            described=True,
        )

    def missing(self, request: Request, names: Sequence[str]) -> ApiError:
        """What is raised where no object has the name."""
        return NotFound(f"Could not find object id={names[0]}")

    def messages(self) -> Sequence[tuple[str, str]]:
        """(type, text) of what an answer says beside its entries."""
        return ()

    def feed_links(self) -> Sequence[tuple[str, str]]:
        """What the list offers: nothing where no object can be made."""
        if type(self).create is Collection.create:
            return ()
        return (("create", "_new"), ("_reload", "_reload"), ("_acl", "_acl"))

    # -- dispatch ------------------------------------------------------------------------------------------------------

    def handle(self, request: Request, rest: list[str]) -> Response:
        """Answer a request whose path goes on with `rest` (encoded segments) below the collection."""
        method = request.method
        if not rest:
            request.require_mode("json", "xml")
            if method == "GET":
                self.known_arguments(request)
                return self.listing(request)
            name = request.args.get("name")
            if method != "POST" or not name:
                raise ApiError(400, f'Cannot perform action "{method}" without a target name to act on.')
            self.known_arguments(request)
            return self.answer(request, self.create(request, name), 201)
        if len(rest) == 1 and rest[0] in self.collection_actions:
            methods, function = self.collection_actions[rest[0]]
            self._allow(request, methods)
            return self.answer(request, getattr(self, function)(request), 200)
        if len(rest) > 1 and rest[-1] in self.entry_actions:
            methods, function = self.entry_actions[rest[-1]]
            entry = self.one(request, "/".join(rest[:-1]))
            self._allow(request, methods)
            result = getattr(self, function)(request, entry)
            if rest[-1] in SWITCHES and isinstance(result, Entry):  # just switched: neither way is offered
                result = replace(result, extra_links={k: v for k, v in result.extra_links.items() if k not in SWITCHES})
            return self.answer(request, result, 200)
        request.require_mode("json", "xml")
        name = "/".join(rest)
        found = self.find(request, names_of(name))
        if not found:
            if len(rest) > 1:
                raise NotFound(
                    f"Invalid custom action for this internal handler (handler: {self.title}, "
                    f"custom action: {rest[-1]}, eai action: {EAI_ACTIONS[method]})."
                )
            raise self.missing(request, names_of(name))
        self.known_arguments(request)
        if method == "GET":
            return self.feed(request, [self.described(e) for e in found])
        if method == "POST":
            return self.answer(request, self.update(request, found[0]), 200)
        self.delete(request, found[0])
        return self.listing(request)

    def known_arguments(self, request: Request) -> None:
        """400 for an argument that neither a list nor a form of this kind has."""
        if request.method == "POST":
            if not self.strict:
                return
            known, wildcard = STEERING | self.unnamed | {*self.required, *self.optional}, self.wildcard
        else:
            known, wildcard = LISTING | self.listing_args, ()
        for key in request.args:
            if key not in known and not any(re.fullmatch(w, key) for w in wildcard):
                raise ApiError(400, f'Argument "{key}" is not supported by this handler.')

    def authorize(self, request: Request, rest: list[str]) -> None:
        """Raises ApiError 403 where the caller lacks the capability for the path; asked before `handle`."""
        key = self.rights or self.path
        below = f"{key}/*/{rest[-1]}" if len(rest) > 1 else f"{key}/{''.join(rest)}"
        if below in capabilities.TABLE:
            key = below
        self.state.permissions.require(request.account, *capabilities.needed(key, request.method))

    def one(self, request: Request, segment: str) -> Entry:
        names = names_of(segment)
        found = self.find(request, names)
        if not found:
            raise self.missing(request, names)
        return found[0]

    def answer(self, request: Request, result: Response | Entry | None, status: int) -> Response:
        if isinstance(result, Response):
            return result
        response = self.feed(request, [] if result is None else [self.described(result)])
        response.status = status
        return response

    def _allow(self, request: Request, methods: frozenset[str]) -> None:
        if request.method not in methods:
            raise method_refused(methods, "Method Not Allowed", "ERROR")

    @collection_action("_new", "GET")
    def new(self, request: Request) -> Entry:
        return self.template(request)

    @collection_action("_reload", "GET", "POST")
    def reload(self, request: Request) -> None:
        self.state.config.reload()

    @action("_reload", "GET", "POST")
    def reload_entry(self, request: Request, entry: Entry) -> Entry:
        return entry

    def described(self, entry: Entry) -> Entry:
        """The entry with the fields that an object of this kind may have; a listing leaves them out, as Splunk's do."""
        return replace(
            entry,
            required=entry.required or self.required,
            optional=entry.optional or self.optional,
            wildcard=entry.wildcard or self.wildcard,
            described=True,
        )

    # -- feeds ---------------------------------------------------------------------------------------------------------

    def listing(self, request: Request) -> Response:
        args = request.args
        entries = select(self.entries(request), args.get("search"))
        direction = args.get("sort_dir", "desc" if self.sort_descending else "asc")
        if direction.lower() not in {"asc", "desc"}:
            raise ApiError(400, f'Unknown sort order "{direction}".')
        descending = direction.lower() == "desc"
        entries = ordered(entries, args.get("sort_key", self.sort_key), args.get("sort_mode", "auto"), descending)
        count, offset = args.integer("count", 30), max(args.integer("offset", 0), 0)
        page = entries[offset:] if count in ALL else entries[offset : offset + count]
        return self.feed(request, page, total=len(entries), offset=offset, count=WHOLE_PAGE if count in ALL else count)

    def feed(
        self, request: Request, entries: Sequence[Entry], *, total: int | None = None, offset: int = 0, count: int = 30
    ) -> Response:
        wanted = [name for text in request.args.all("f") for name in text.split(",") if name]
        if wanted:
            entries = [_chosen(entry, wanted) for entry in entries]
        title = self.title or self.path_of(request).rsplit("/", 1)[-1]
        feed = Feed(
            title,
            self.path_of(request),
            entries,
            total,
            offset,
            count,
            self.messages(),
            updated=self.state.now(),
            links=self.feed_links(),
            paged=self.paged,
            messaged=self.messaged,
        )
        namespace = "/services" if request.app is None else f"/servicesNS/{request.owner}/{request.app}"
        return render_feed(feed, request, namespace=namespace)


def _chosen(entry: Entry, names: Sequence[str]) -> Entry:
    """The entry with the named keys of its content only; `*` is a wildcard."""
    kept = {k: v for k, v in entry.content.items() if any(fits(name, k) for name in names)}
    return replace(entry, content=kept)


def ordered(entries: Iterable[Entry], key: str, mode: str, descending: bool) -> list[Entry]:
    """Entries by a content key (or name). `auto` is numeric where every value is a number, else alphabetic."""
    entries = list(entries)
    if not key:
        return entries[::-1] if descending else entries

    def text(entry: Entry) -> str:
        value = entry.name if key in {"name", "title"} else entry.content.get(key, "")
        return "" if value is None else str(value)

    values = [text(e) for e in entries]
    numeric = bool(values) and all(re.fullmatch(r"[+-]?\d+(\.\d+)?", v) for v in values)
    order: Callable[[Entry], Any]
    if mode in {"auto", "num"} and numeric:
        order = lambda e: float(text(e))  # noqa: E731 - three one-line choices
    elif mode == "alpha_case":
        order = text
    else:
        order = lambda e: text(e).lower()  # noqa: E731
    return sorted(entries, key=order, reverse=descending)


def select(entries: Iterable[Entry], search: str) -> list[Entry]:
    """Entries that match a `search` argument: terms are ANDed, `OR` and `NOT` work, `key=value` looks at one key.

    A bare term matches anywhere in the name or in a content value; `*` is a wildcard; case does not count.
    """
    entries = list(entries)
    if not search.strip() or search.strip() == "*":
        return entries
    try:
        words = shlex.split(search)
    except ValueError:
        words = search.split()
    groups: list[list[tuple[bool, str]]] = [[]]
    negate = False
    for word in words:
        if word.upper() == "OR":
            groups.append([])
        elif word.upper() == "NOT":
            negate = True
        elif word.upper() != "AND":
            groups[-1].append((negate, word))
            negate = False
    return [e for e in entries if any(all(_matches(e, w) != no for no, w in group) for group in groups if group)]


def _matches(entry: Entry, word: str) -> bool:
    key, equals, wanted = word.partition("=")
    if equals and key:
        if key in {"name", "title"}:
            return fits(wanted.lower(), entry.name.lower())
        if key.startswith("eai:acl."):
            value = entry.acl.content().get(key.removeprefix("eai:acl."))
        else:
            value = entry.content.get(key)
        return any(fits(wanted.lower(), text.lower()) for text in _texts(value))
    pattern = f"*{word.lower()}*"
    texts = [entry.name, *(t for value in entry.content.values() for t in _texts(value))]
    return any(fits(pattern, text.lower()) for text in texts)


def _texts(value: Any) -> list[str]:
    if value is None:
        return [""]
    if isinstance(value, bool):
        return ["1" if value else "0"]
    if isinstance(value, (list, tuple)):
        return [t for v in value for t in _texts(v)]
    return [str(value)]

"""The one place that writes Atom XML and its JSON twin: entries, feeds, messages.

Shapes follow the "Accessing and using REST API response elements" page. Values are plain Python: text, numbers, booleans
(`0`/`1` in XML, `true`/`false` in JSON), None (empty), lists and dicts, nested as needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from caltrop.splunkd.wire.http import JSON, XML, Request, Response

BUILD = "caltrop"
NAMESPACES = (
    'xmlns="http://www.w3.org/2005/Atom" xmlns:s="http://dev.splunk.com/ns/rest" '
    'xmlns:opensearch="http://a9.com/-/spec/opensearch/1.1/"'
)
# What XML 1.0 cannot carry at all: log text may hold any of it.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPECIAL = re.compile("[&<>\"'\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&apos;", "\r": "&#13;"})


def escape(text: str) -> str:
    """Text for element content or an attribute; characters that XML cannot carry become U+FFFD."""
    if _SPECIAL.search(text) is None:  # nearly always: most of a feed is plain words and numbers
        return text
    return _ILLEGAL.sub("\ufffd", text).translate(_ESCAPES)


def escape_text(text: str) -> str:
    """The text of a message: quotes and apostrophes stay as they are."""
    return escape(text).replace("&apos;", "'").replace("&quot;", '"')


def encode_name(name: str) -> str:
    """A name as a path segment of a link: everything encoded, a slash twice (so that unquoting once keeps the segment)."""
    return quote(name.replace("/", "%2F"), safe="")


def iso_time(epoch: float) -> str:
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00")


@dataclass(frozen=True, slots=True)
class Acl:
    """Who owns an object and where it lives; `sharing` is user, app, global or system."""

    app: str = "system"
    owner: str = "nobody"
    sharing: str = "system"
    read: tuple[str, ...] | None = ("*",)
    write: tuple[str, ...] | None = ("admin",)
    removable: bool = True

    @property
    def namespace(self) -> str:
        """The path prefix that addresses the object."""
        if not self.app:  # the server's own, of no app
            return "/services"
        if self.sharing == "system":
            return "/servicesNS/nobody/system"
        owner = self.owner if self.sharing == "user" else "nobody"
        return f"/servicesNS/{encode_name(owner)}/{encode_name(self.app)}"

    def content(self) -> dict[str, Any]:
        perms = None
        if self.read is not None or self.write is not None:
            perms = {"read": list(self.read or ()), "write": list(self.write or ())}
        if not self.app:
            return {
                "app": "",
                "can_list": True,
                "can_write": True,
                "modifiable": False,
                "owner": self.owner,
                "perms": perms,
                "removable": False,
                "sharing": self.sharing,
            }
        return {
            "app": self.app,
            "can_change_perms": True,
            "can_list": True,
            "can_share_app": True,
            "can_share_global": True,
            "can_share_user": self.sharing == "user",
            "can_write": True,
            "modifiable": True,
            "owner": self.owner,
            "perms": perms,
            "removable": self.removable,
            "sharing": self.sharing,
        }


@dataclass(slots=True)
class Entry:
    """One object: its name, the collection it lives in (`data/indexes`), content and access."""

    name: str
    path: str
    content: dict[str, Any]
    acl: Acl = field(default_factory=Acl)
    updated: float = 0.0  # when its file changed; epoch 0 where no file is behind it
    required: Sequence[str] = ()
    optional: Sequence[str] = ()
    wildcard: Sequence[str] = ()
    links: Sequence[str] = ("list", "edit", "remove")
    extra_links: Mapping[str, str] = field(default_factory=dict)  # rel -> path below the entry
    text: str | None = None  # bare text in place of the content (a single setting)
    title: str | None = None  # shown instead of the name (jobs show their search)
    described: bool = False  # whether it tells the fields that it may have: read by itself, not in a list
    access: Mapping[str, Any] | None = None  # shown in place of what `acl` says (jobs)

    def shown_acl(self) -> Mapping[str, Any]:
        return self.acl.content() if self.access is None else self.access

    @property
    def href(self) -> str:
        return f"{self.acl.namespace}/{self.path}/{encode_name(self.name)}"

    def hrefs(self) -> list[tuple[str, str]]:
        """(rel, href), `alternate` first."""
        base = self.href
        found = [("alternate", base)]
        found += [(rel, base) for rel in self.links if rel != "remove" or self.acl.removable or not self.acl.app]
        found += [(rel, f"{base}/{tail}" if tail else base) for rel, tail in self.extra_links.items()]
        return found


@dataclass(slots=True)
class Feed:
    """A collection's page: `total` counts all entries, `entries` holds those of this page."""

    title: str
    path: str
    entries: Sequence[Entry] = ()
    total: int | None = None
    offset: int = 0
    count: int = 30
    messages: Sequence[tuple[str, str]] = ()  # (type, text)
    updated: float = 0.0
    links: Sequence[tuple[str, str]] = ()  # (rel, path below the collection)
    status: int = 200
    paged: bool = True  # whether there is a paging block
    messaged: bool = True  # whether there is a list of messages, were it empty


def xml_value(value: Any) -> str:
    """The inside of an s:key or s:item."""
    if isinstance(value, str):
        return escape(value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, dict):
        keys = "".join(f'<s:key name="{escape(str(k))}">{xml_value(v)}</s:key>' for k, v in value.items())
        return f"<s:dict>{keys}</s:dict>" if keys else "<s:dict/>"
    if isinstance(value, (list, tuple)):
        items = "".join(f"<s:item>{xml_value(v)}</s:item>" for v in value)
        return f"<s:list>{items}</s:list>" if items else "<s:list/>"
    return escape(str(value))


def _attributes(entry: Entry) -> dict[str, Any]:
    return {
        "optionalFields": list(entry.optional),
        "requiredFields": list(entry.required),
        "wildcardFields": list(entry.wildcard),
    }


def entry_xml(entry: Entry, host: str, *, root: bool = False) -> str:
    """An `<entry>`; as the root of a document (a job) it declares the namespaces itself."""
    if entry.text is not None:
        body = f'<content type="text">{escape(entry.text)}</content>'
    else:
        content = {**entry.content, "eai:acl": entry.shown_acl()}
        if entry.described:
            content["eai:attributes"] = _attributes(entry)
        body = f'<content type="text/xml">{xml_value(content)}</content>'
    links = "".join(f'<link href="{escape(href)}" rel="{escape(rel)}"/>' for rel, href in entry.hrefs())
    return (
        f"<entry{' ' + NAMESPACES if root else ''}>"
        f"<title>{escape(entry.name if entry.title is None else entry.title)}</title>"
        f"<id>{escape(f'https://{host}{entry.href}')}</id><updated>{iso_time(entry.updated)}</updated>{links}"
        f"<author><name>{escape(entry.acl.owner)}</name></author>"
        f"{body}</entry>"
    )


def entry_json(entry: Entry, host: str) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": entry.name if entry.title is None else entry.title,
        "id": f"https://{host}{entry.href}",
        "updated": iso_time(entry.updated),
        "links": dict(entry.hrefs()),
        "author": entry.acl.owner,
        "acl": entry.shown_acl(),
    }
    if entry.described:
        found["fields"] = {
            "required": list(entry.required),
            "optional": list(entry.optional),
            "wildcard": list(entry.wildcard),
        }
    found["content"] = {**entry.content, "eai:acl": None} if entry.text is None else entry.text
    return found


def render_feed(feed: Feed, request: Request, *, namespace: str = "/services") -> Response:
    host = request.address
    base = f"{namespace}/{feed.path}"
    total = len(feed.entries) if feed.total is None else feed.total
    if request.json:
        document: dict[str, Any] = {
            "links": {rel: f"{base}/{tail}" for rel, tail in feed.links},
            "origin": f"https://{host}{base}",
            "updated": iso_time(feed.updated),
            "generator": {"build": BUILD, "version": request.version},
            "entry": [entry_json(e, host) for e in feed.entries],
        }
        if feed.paged:
            document["paging"] = {"total": total, "perPage": feed.count, "offset": feed.offset}
        if feed.messaged:
            document["messages"] = [{"type": kind, "text": text} for kind, text in feed.messages]
        return Response(feed.status, dump_json(document), JSON)
    links = "".join(f'<link href="{escape(f"{base}/{tail}")}" rel="{escape(rel)}"/>' for rel, tail in feed.links)
    messages = "".join(f'<s:msg type="{escape(kind)}">{escape_text(text)}</s:msg>' for kind, text in feed.messages)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<feed {NAMESPACES}>'
        f"<title>{escape(feed.title)}</title><id>{escape(f'https://{host}{base}')}</id>"
        f"<updated>{iso_time(feed.updated)}</updated>"
        f'<generator build="{BUILD}" version="{escape(request.version)}"/><author><name>Splunk</name></author>{links}'
        f"<opensearch:totalResults>{total}</opensearch:totalResults>"
        f"<opensearch:itemsPerPage>{feed.count}</opensearch:itemsPerPage>"
        f"<opensearch:startIndex>{feed.offset}</opensearch:startIndex>"
        f"{f'<s:messages>{messages}</s:messages>' if messages else '<s:messages/>'}"
        f"{''.join(entry_xml(e, host) for e in feed.entries)}</feed>"
    )
    return Response(feed.status, text.encode(), XML)


def render_entry(entry: Entry, host: str) -> Response:
    """A bare root entry, as a search job is answered in XML."""
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n{entry_xml(entry, host, root=True)}'
    return Response(200, text.encode(), XML)


def render_fields(values: Mapping[str, Any], *, as_json: bool, status: int = 200) -> Response:
    """The small `<response>` documents: a session key, a sid."""
    if as_json:
        return Response(status, dump_json(dict(values)), JSON)
    inner = "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in values.items())
    return Response(status, f'<?xml version="1.0" encoding="UTF-8"?>\n<response>{inner}</response>'.encode(), XML)


def render_messages(messages: Iterable[tuple[str, str]], *, as_json: bool, status: int) -> Response:
    """The error body: `<response><messages><msg type="ERROR">…`."""
    if as_json:
        return Response(status, dump_json({"messages": [{"type": k, "text": t} for k, t in messages]}), JSON)
    inner = "".join(f'<msg type="{escape(kind)}">{escape_text(text)}</msg>' for kind, text in messages)
    text = f'<?xml version="1.0" encoding="UTF-8"?>\n<response><messages>{inner}</messages></response>'
    return Response(status, text.encode(), XML)


def dump_json(value: Any) -> bytes:
    """One line of JSON: clients of search results parse line by line."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

"""Collections that tell facts, and paths that a server of another role would answer: each written as what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request, Response

Told = Iterable[tuple[str, Mapping[str, Any]]]
ACL = Acl(app="", owner="system")


def told(
    path: str, title: str, *, takes: Iterable[str] = ()
) -> Callable[[Callable[[Wings], Told]], Callable[[Wings], Told]]:
    """Register a collection that lists what the decorated function tells: (name, content) of each entry.

    `takes` are arguments of a GET beside those of every list; they change nothing here.
    """

    def decorate(tell: Callable[[Wings], Told]) -> Callable[[Wings], Told]:
        class Facts(Collection):
            __doc__ = tell.__doc__

            def entries(self, request: Request) -> Iterable[Entry]:
                return (Entry(name, self.path, dict(content), ACL) for name, content in tell(self.wings))

        Facts.path, Facts.title, Facts.listing_args = path, title, frozenset(takes)
        register(Facts)
        return tell

    return decorate


def listed(path: str, title: str, parts: Sequence[str]) -> None:
    """Register a folder of the tree that lists the collections below it."""

    class Folder(Collection):
        """What lies below it, by name."""

        paged = False

        def entries(self, request: Request) -> Iterable[Entry]:
            return (Entry(name, self.path, {}, ACL, links=("list",)) for name in parts)

    Folder.path, Folder.title = path, title
    register(Folder)


def refused(
    path: str,
    text: str,
    status: int = 503,
    aliases: Sequence[str] = (),
    but: Mapping[str, tuple[int, str]] | None = None,
) -> None:
    """Register a path that is refused, with all that lies below it: this server does not play the role.

    `but` holds what is refused in other words: (status, text) by the first segment below the path.
    """
    others = but or {}

    class Elsewhere(Collection):
        def entries(self, request: Request) -> Iterable[Entry]:
            raise ApiError(status, text)

        def handle(self, request: Request, rest: list[str]) -> Response:
            raise ApiError(*others.get(rest[0] if rest else "", (status, text)))

    Elsewhere.__doc__ = f"Refused ({status}): {text.rstrip('.')}"
    Elsewhere.path, Elsewhere.aliases, Elsewhere.title = path, tuple(aliases), path.replace("/", "-")
    register(Elsewhere)


class Empty(Collection):
    """Objects of a kind that this server has none of and makes none of."""

    def entries(self, request: Request) -> Iterable[Entry]:
        return ()


def none_of(*kinds: tuple[str, str], why: str, takes: Iterable[str] = ()) -> None:
    """Register collections that are empty: (path, title) of each, and why."""
    for path, title in kinds:
        register(
            type("Empty", (Empty,), {"__doc__": why, "path": path, "title": title, "listing_args": frozenset(takes)})
        )

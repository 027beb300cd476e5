"""Fields that searches know and the tags of their values: `search/fields`, `search/tags` ("Knowledge endpoint descriptions").

Both are views of tags.conf (and fields.conf) by field and by tag; `saved/fvtags` is the one by field and value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from caltrop.knowledge.configuration import NOBODY, SYSTEM, MergedStanza
from caltrop.splunkd.rest.collection import Collection, method_refused, register
from caltrop.splunkd.rest.confobjects import acl_of, may_change, require_place
from caltrop.splunkd.wire.atom import Entry, render_messages
from caltrop.splunkd.wire.http import ApiError, NotFound, Request, Response, names_of

INDEXED = ("host", "index", "linecount", "punct", "source", "sourcetype", "splunk_server", "timestamp")
TRUE_WORD = "enabled"


class Tagged(Collection):
    """What both views share: the stanzas of tags.conf, read and written."""

    paged = False

    def stanzas(self, request: Request) -> Iterator[tuple[str, str, list[str], MergedStanza]]:
        """(field, value, its tags, stanza) of each field and value whose tags the caller may see."""
        owner, app = request.place()
        for stanza in self.state.config.stanzas("tags", None if app == SYSTEM else app, owner).values():
            field, _, value = stanza.name.partition("=")
            if value and self.state.permissions.may_read(request.account, acl_of(self.state.config, "tags", stanza)):
                yield (
                    field,
                    value,
                    [t for t, word in stanza.values().items() if word.strip().lower() == TRUE_WORD],
                    stanza,
                )

    def write(self, request: Request, stanza: str, changes: dict[str, str]) -> None:
        """Set tags of `field=value` where it lives, or where the request makes new objects."""
        for field, value, _, found in self.stanzas(request):
            if stanza == f"{field}={value}":
                may_change(self.state, request, stanza, acl_of(self.state.config, "tags", found))
                self.state.config.set("tags", stanza, changes, app=found.app, user=found.owner)
                return
        owner, app = request.place()
        owner = NOBODY if app == SYSTEM else owner
        require_place(self.state, request, app, owner)
        self.state.config.set("tags", stanza, changes, app=app, user=owner)

    def say(self, request: Request, text: str) -> Response:
        return render_messages([("INFO", text)], as_json=request.json, status=200)

    def changes(self, request: Request) -> tuple[list[str], list[str]]:
        added, deleted = request.args.all("add"), request.args.all("delete")
        if not any(added) and not any(deleted):
            raise ApiError(400, "Required argument 'add' or 'delete' is missing")
        return [t for t in added if t], [t for t in deleted if t]


@register
class SearchTags(Tagged):
    """By tag: the `field::value` pairs that have it; `add` and `delete` take such pairs, and may repeat."""

    path = "search/tags"
    title = "tags"

    def entries(self, request: Request) -> Iterable[Entry]:
        names = sorted({tag for _, _, tags, _ in self.stanzas(request) for tag in tags})
        return (
            Entry(name, self.path, {}, updated=self.state.now(), links=("list", "edit", "remove")) for name in names
        )

    def handle(self, request: Request, rest: list[str]) -> Response:
        if len(rest) != 1 or rest[0] in self.collection_actions:
            return super().handle(request, rest)
        tag = names_of(rest[0])[0]
        held = [(f, v) for f, v, tags, _ in self.stanzas(request) if tag in tags]
        if request.method == "GET":
            if not held:
                raise NotFound(f"Could not find object id={tag}")
            return self.feed(
                request, [Entry(f"{f}::{v}", f"{self.path}/{rest[0]}", {}, links=("list",)) for f, v in held]
            )
        if request.method == "DELETE":
            if not held:
                raise NotFound(f"Could not find object id={tag}")
            for field, value in held:
                self.write(request, f"{field}={value}", {tag: "disabled"})
            return self.say(request, f"Successfully deleted tag {tag}")
        for pairs, word in zip(self.changes(request), (TRUE_WORD, "disabled"), strict=True):
            for pair in pairs:
                field, colons, value = pair.partition("::")
                if not (field and colons and value):
                    raise ApiError(400, f"A tag is of field::value, not of {pair!r}")
                self.write(request, f"{field}={value}", {tag: word})
        return self.say(request, "Processed adds/deletes for tag")


@register
class SearchFields(Tagged):
    """The fields that are configured; below one `tags`, its values' tags as `value::tag`: `value`, with `add` and `delete`."""

    path = "search/fields"
    title = "fields"

    def entries(self, request: Request) -> Iterable[Entry]:
        owner, app = request.place()
        known = self.state.config.stanzas("fields", None if app == SYSTEM else app, owner)
        for name in sorted({*INDEXED, *known} - {"default"}):
            settings = {
                **({"INDEXED": "true"} if name in INDEXED else {}),
                **(known[name].values() if name in known else {}),
            }
            text = ", ".join(f"{key} -> {value}" for key, value in sorted(settings.items()))
            yield Entry(
                name, self.path, {}, links=("list",), extra_links={"tags": "tags"}, text=f"PropertiesMap: {{{text}}}"
            )

    def handle(self, request: Request, rest: list[str]) -> Response:
        if len(rest) != 2 or rest[1] != "tags":
            return super().handle(request, rest)
        field = names_of(rest[0])[0]
        if request.method == "GET":
            found = [f"{v}::{tag}" for f, v, tags, _ in self.stanzas(request) if f == field for tag in tags]
            return self.feed(
                request, [Entry(name, f"{self.path}/{rest[0]}/tags", {}, links=("list",)) for name in found]
            )
        if request.method != "POST":
            raise method_refused(("GET", "POST"), "Method Not Allowed", "ERROR")
        value = request.args.required("value")
        added, deleted = self.changes(request)
        self.write(request, f"{field}={value}", dict.fromkeys(added, TRUE_WORD) | dict.fromkeys(deleted, "disabled"))
        return self.say(request, f"Successfully processed adds/deletes for field {field}")

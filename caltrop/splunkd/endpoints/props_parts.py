"""Settings of props.conf as objects of their own: `data/props/extractions`, `calcfields`, `fieldaliases`, `lookups`, `sourcetype-rename`.

An object is one setting of one stanza, called `<stanza> : <setting>` as splunkd calls it; fvtags and ntags are settings of tags.conf.
Follows "Knowledge endpoint descriptions" of the REST API reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import ClassVar

from caltrop.dialect.words import truth
from caltrop.knowledge.configuration import SYSTEM
from caltrop.knowledge.configuration import Conflict as ConfConflict
from caltrop.knowledge.configuration import NotFound as ConfNotFound
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import acl_of, check_name, may_change, place_of, require_place
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request


class Parts(Collection):
    """Settings of `conf` whose key begins with one of the prefixes; new ones get the first."""

    conf: ClassVar[str] = "props"
    prefixes: ClassVar[tuple[str, ...]]
    between: ClassVar[str] = " : "
    required: ClassVar[tuple[str, ...]] = ("stanza", "value")
    optional: ClassVar[tuple[str, ...]] = ("type",)

    def entries(self, request: Request) -> Iterable[Entry]:
        owner, app = request.place()
        for stanza in self.state.config.stanzas(self.conf, None if app == SYSTEM else app, owner).values():
            acl = acl_of(self.state.config, self.conf, stanza)
            if stanza.name == "default" or not self.state.permissions.may_read(request.account, acl):
                continue
            for key, value in stanza.values().items():
                if any(key.startswith(prefix) for prefix in self.prefixes):
                    yield self._entry(stanza.name, key, value, acl)

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        return next(([entry] for name in names for entry in self.entries(request) if entry.name == name), [])

    def _entry(self, stanza: str, key: str, value: str, acl: Acl) -> Entry:
        content = {"attribute": key, "stanza": stanza, "type": self._type(key), "value": value, "disabled": False}
        return Entry(f"{stanza}{self.between}{key}", self.path, content, acl, self.state.now())

    def _type(self, key: str) -> str:
        return "Uses transform" if key.startswith("REPORT-") else "Inline"

    def _key(self, request: Request, name: str) -> str:
        prefix = self.prefixes[0]
        wanted = request.args.get("type").upper() + "-"
        return (wanted if wanted in self.prefixes else prefix) + name

    def _settings(self, request: Request, key: str) -> dict[str, str]:
        return {key: request.args.required("value")}

    def create(self, request: Request, name: str) -> Entry:
        check_name(name)
        stanza = request.args.required("stanza")
        check_name(stanza)
        owner, app = request.place()
        require_place(self.state, request, app, owner)
        key = self._key(request, name)
        if self.find(request, [f"{stanza}{self.between}{key}"]):
            raise ApiError(409, f"Unable to create {self.title} named '{name}': it already exists.")
        self.state.config.set(self.conf, stanza, self._settings(request, key), app=app, user=owner)
        return self._at(request, stanza, key)

    def update(self, request: Request, entry: Entry) -> Entry:
        may_change(self.state, request, entry.name, entry.acl)
        app, owner = place_of(entry)
        stanza, key = str(entry.content["stanza"]), str(entry.content["attribute"])
        self.state.config.set(self.conf, stanza, self._settings(request, key), app=app, user=owner)
        return self._at(request, stanza, key)

    def delete(self, request: Request, entry: Entry) -> None:
        may_change(self.state, request, entry.name, entry.acl)
        app, owner = place_of(entry)
        stanza, key = str(entry.content["stanza"]), str(entry.content["attribute"])
        try:
            self.state.config.unset(self.conf, stanza, key, app=app, user=owner)
        except (ConfConflict, ConfNotFound) as error:
            raise ApiError(403, str(error)) from None

    def _at(self, request: Request, stanza: str, key: str) -> Entry:
        (found,) = self.find(request, [f"{stanza}{self.between}{key}"])
        return found


@register
class Extractions(Parts):
    path = "data/props/extractions"
    title = "props-extract"
    prefixes = ("EXTRACT-", "REPORT-")


@register
class CalculatedFields(Parts):
    path = "data/props/calcfields"
    title = "props-eval"
    prefixes = ("EVAL-",)


@register
class FieldAliases(Parts):
    """`alias.<field>=<other name>` for each alias of the object."""

    path = "data/props/fieldaliases"
    title = "fieldaliases"
    prefixes = ("FIELDALIAS-",)
    required = ("stanza",)
    wildcard = ("alias\\..*",)

    def _settings(self, request: Request, key: str) -> dict[str, str]:
        pairs = [(k.removeprefix("alias."), v) for k, v in request.args.pairs if k.startswith("alias.")]
        if not pairs:
            return super()._settings(request, key)
        return {key: " ".join(f'"{a}" AS "{b}"' if " " in a + b else f"{a} AS {b}" for a, b in pairs)}


@register
class AutomaticLookups(Parts):
    """`transform` and `lookup.field.input.<field>`, `lookup.field.output.<field>`, or the setting as `value`."""

    path = "data/props/lookups"
    title = "props-lookup"
    prefixes = ("LOOKUP-",)
    required = ("stanza",)
    optional = ("overwrite", "transform", "value")
    wildcard = ("lookup\\.field\\..*",)

    def _settings(self, request: Request, key: str) -> dict[str, str]:
        transform = request.args.get("transform")
        if not transform:
            return super()._settings(request, key)

        def fields(kind: str) -> str:
            start = f"lookup.field.{kind}."
            pairs = [(k.removeprefix(start), v) for k, v in request.args.pairs if k.startswith(start)]
            return " ".join(a if not b or a == b else f"{a} AS {b}" for a, b in pairs)

        output = "OUTPUT" if truth(request.args.get("overwrite", "1")) else "OUTPUTNEW"
        outputs = fields("output")
        return {key: " ".join(p for p in (transform, fields("input"), f"{output} {outputs}" if outputs else "") if p)}


@register
class SourceTypeNames(Parts):
    path = "data/props/sourcetype-rename"
    title = "sourcetype-rename"
    prefixes = ("rename",)
    required = ("value",)

    def _key(self, request: Request, name: str) -> str:
        return "rename"

    def create(self, request: Request, name: str) -> Entry:
        request.args.pairs.append(("stanza", name))
        return super().create(request, name)


@register
class FieldValueTags(Parts):
    """The tags of a `field=value`: `add`, `delete`, or a tag by name."""

    path = "saved/fvtags"
    aliases = ("saved/ntags",)
    title = "fvtags"
    conf = "tags"
    prefixes = ("",)
    between = ":"
    required = ()
    optional = ("add", "delete", "disabled", "tags")

    def entries(self, request: Request) -> Iterable[Entry]:
        owner, app = request.place()
        for stanza in self.state.config.stanzas("tags", None if app == SYSTEM else app, owner).values():
            field, _, value = stanza.name.partition("=")
            acl = acl_of(self.state.config, "tags", stanza)
            if not value or not self.state.permissions.may_read(request.account, acl):
                continue
            tags = [tag for tag, word in stanza.values().items() if word.strip().lower() == "enabled"]
            content = {"field_name_value": stanza.name, "field": field, "value": value, "tags": tags, "disabled": False}
            yield Entry(stanza.name, self.path, content, acl, self.state.now())

    def create(self, request: Request, name: str) -> Entry:
        check_name(name)
        if "=" not in name:
            raise ApiError(400, f"A tag is of a field=value, not of {name!r}")
        owner, app = request.place()
        require_place(self.state, request, app, owner)
        self.state.config.set("tags", name, self._changes(request), app=app, user=owner)
        (found,) = self.find(request, [name])
        return found

    def update(self, request: Request, entry: Entry) -> Entry:
        may_change(self.state, request, entry.name, entry.acl)
        app, owner = place_of(entry)
        self.state.config.set("tags", entry.name, self._changes(request), app=app, user=owner)
        return next(iter(self.find(request, [entry.name])), entry)

    def delete(self, request: Request, entry: Entry) -> None:
        may_change(self.state, request, entry.name, entry.acl)
        app, owner = place_of(entry)
        try:
            self.state.config.remove("tags", entry.name, app=app, user=owner)
        except (ConfConflict, ConfNotFound) as error:
            raise ApiError(403, str(error)) from None

    def _changes(self, request: Request) -> dict[str, str]:
        def named(key: str) -> list[str]:
            return [tag.strip() for text in request.args.all(key) for tag in text.split(",") if tag.strip()]

        changes = dict.fromkeys(named("add") + named("tags"), "enabled") | dict.fromkeys(named("delete"), "disabled")
        if not changes:
            raise ApiError(400, "Required argument 'add' or 'delete' is missing")
        return changes

"""Data models: their JSON, their acceleration, and the search that answers a pivot ("Knowledge endpoint descriptions")."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

from caltrop.dialect.datamodels import DataModelError
from caltrop.dialect.words import truth
from caltrop.knowledge.configuration import NOBODY
from caltrop.knowledge.files import write_atomic
from caltrop.splunkd.rest import models, pivots
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import check_name, require_place
from caltrop.splunkd.wire.atom import Acl, Entry, dump_json
from caltrop.splunkd.wire.http import ApiError, Request, Response

MODEL_NAME = re.compile(r"[\w-]{1,100}")


@register
class DataModels(Collection):
    """The data models that the namespace sees, each with its JSON."""

    path = "datamodel/model"
    aliases: ClassVar[tuple[str, ...]] = ("data/models",)
    title = "datamodelmodel"

    def entries(self, request: Request) -> Iterable[Entry]:
        owner, app = request.place()
        for name in self.state.instance.knowledge(app, owner).datamodels():
            try:
                yield self._entry(request, name)
            except DataModelError as error:  # removed by another request meanwhile, or a file that is no model
                self.state.logs.warn("DataModelManager", str(error))

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        owner, app = request.place()
        known = set(self.state.instance.knowledge(app, owner).datamodels())
        try:
            return [self._entry(request, name) for name in names[:1] if name in known]
        except DataModelError as error:
            raise ApiError(400, str(error)) from None

    def _entry(self, request: Request, name: str) -> Entry:
        owner, app = request.place()
        model = self.state.instance.knowledge(app, owner).datamodel(name)
        text = dump_json(models.told(model)).decode()
        stanza = self.state.config.stanza("datamodels", name, app, owner)
        home = self._home(name)
        content = {
            "acceleration": dump_json(_acceleration(stanza.values() if stanza else {})).decode(),
            "concise": False, "description": text, "displayName": model.label, "eai:data": text, "eai:type": "models",
        }  # fmt: skip
        return Entry(name, self.path, content, Acl(app=home or app, sharing="global"), self.state.now())

    def _home(self, name: str) -> str | None:
        """The app that has the model; one that was made or changed here before one that ships."""
        apps = self.state.config.apps()
        for layer in ("local", "default"):
            for app, folder in apps.items():
                if (folder / layer / "data" / "models" / f"{name}.json").is_file():
                    return app
        return None

    def create(self, request: Request, name: str) -> Entry | Response:
        check_name(name)
        if not MODEL_NAME.fullmatch(name):
            raise ApiError(400, f"Invalid data model name {name!r}: letters, digits, underscores and hyphens.")
        _, app = request.place()
        require_place(self.state, request, app, NOBODY)
        if self.find(request, [name]):
            raise ApiError(409, f"Unable to create data model named '{name}': it already exists.")
        self._write(app, name, request.args.get("eai:data") or request.args.get("description") or "{}")
        return self._accelerated(request, app, name)

    def update(self, request: Request, entry: Entry) -> Entry | Response:
        app = entry.acl.app
        require_place(self.state, request, app, NOBODY)
        text = request.args.get("eai:data") or request.args.get("description")
        if text:
            self._write(app, entry.name, text)
        return self._accelerated(request, app, entry.name)

    def delete(self, request: Request, entry: Entry) -> None:
        app = entry.acl.app
        require_place(self.state, request, app, NOBODY)
        path = self._file(app, entry.name)
        if not path.is_file():
            raise ApiError(403, f"The data model '{entry.name}' ships with its app and cannot be removed")
        path.unlink(missing_ok=True)
        self.state.config.reload()

    def _file(self, app: str, name: str) -> Path:
        return self.state.config.app_path(app) / "local" / "data" / "models" / f"{name}.json"

    def _write(self, app: str, name: str, text: str) -> None:
        try:
            model = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise ApiError(400, f"The data model is not JSON: {error}") from None
        if not isinstance(model, dict) or not isinstance(model.get("objects", []), list):
            raise ApiError(400, "A data model is a JSON object whose `objects` are a list.")
        model = {"displayName": name, "objects": [], **model, "modelName": name}
        write_atomic(self._file(app, name), dump_json(model))
        self.state.config.reload()

    def _accelerated(self, request: Request, app: str, name: str) -> Entry:
        """`acceleration`: JSON with enabled, earliest_time, cron_schedule, …, kept in datamodels.conf."""
        text = request.args.get("acceleration")
        if text:
            try:
                asked = json.loads(text)
            except (ValueError, RecursionError) as error:
                raise ApiError(400, f"acceleration is not JSON: {error}") from None
            if not isinstance(asked, dict):
                raise ApiError(400, 'acceleration is a JSON object, such as {"enabled": true}.')
            settings = {
                "acceleration" if key == "enabled" else f"acceleration.{key}": str(int(v) if isinstance(v, bool) else v)
                for key, v in asked.items()
            }
            self.state.config.set("datamodels", name, settings, app=app, user=NOBODY)
        return self._entry(request, name)


class Told(DataModels):
    """What is told of the models; they are changed under their own path."""

    create, update, delete = Collection.create, Collection.update, Collection.delete


@register
class Acceleration(Told):
    """The models with an acceleration, as `acceleration` of the model says it."""

    path = "datamodel/acceleration"
    aliases: ClassVar[tuple[str, ...]] = ()
    title = "datamodelacceleration"

    def entries(self, request: Request) -> Iterable[Entry]:
        for entry in super().entries(request):
            told = json.loads(entry.content["acceleration"])
            if told["enabled"]:
                yield replace(entry, content=told)


@register
class Pivots(Told):
    """`datamodel/pivot/<model>`: the searches that answer a pivot, given as `pivot_search` (SPL) or as `pivot_json`.

    `namespace` names an accelerated copy, a model or a job (`sid=…`): the search of that is then told too, as `tstats_search`.
    """

    path = "datamodel/pivot"
    aliases: ClassVar[tuple[str, ...]] = ()
    title = "datamodelpivot"
    listing_args = frozenset({"namespace", "pivot_json", "pivot_search"})

    def _entry(self, request: Request, name: str) -> Entry:
        entry = super()._entry(request, name)
        owner, app = request.place()
        text, described = request.args.get("pivot_search").strip(), request.args.get("pivot_json").strip()
        fast = ""
        if described:
            try:
                pivot = pivots.read(described)
                dataset = self.state.instance.knowledge(app, owner).datamodel(name).dataset(pivot.dataset)
            except (pivots.PivotError, DataModelError) as error:
                raise ApiError(400, str(error)) from None
            text = pivots.command(name, pivot)
            namespace = request.args.get("namespace")
            if namespace not in {"", "null", "undefined"}:
                fast = pivots.tstats(dataset, pivot, namespace)
        if not text:
            return replace(entry, content={"search": f"| datamodel {name}"})
        search = text if text.startswith("|") else f"| {text}"
        self.searching.jobs.check(search, app, request.account.name)
        told = dict.fromkeys(("drilldown_search", "open_in_search", "pivot_search", "search"), search)
        return replace(entry, content=told | ({"tstats_search": fast} if fast else {}))


@register
class Summarization(Told):
    """Of each accelerated model the summary that `tstats` reads: it is always whole, since its rows are made when they are asked for."""

    path = "admin/summarization"
    aliases: ClassVar[tuple[str, ...]] = ()
    title = "summarization"
    listing_args = frozenset({"by_tstats", "by_report"})

    def entries(self, request: Request) -> Iterable[Entry]:
        for entry in super().entries(request):
            told = json.loads(entry.content["acceleration"])
            if told["enabled"]:
                name = f"DM_{entry.acl.app}_{entry.name}"
                facts = {"access_count": 0, "complete": 1, "earliest_time": 0, "id": name, "is_inprogress": False, "last_error": "",
                         "size": 0, "time_range": told["earliest_time"], "type": "data model acceleration"}  # fmt: skip
                content = {f"summary.{key}": value for key, value in facts.items()}
                yield replace(entry, name=f"tstats:{name}", content=content)


def _acceleration(settings: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        key.removeprefix("acceleration."): value for key, value in settings.items() if key.startswith("acceleration.")
    }
    return {
        "enabled": truth(settings.get("acceleration", "")),
        "earliest_time": "",
        "cron_schedule": "*/5 * * * *",
        **found,
    }

"""datamodel and from: rows of data model datasets, lookups and saved searches as the start of a search."""

from __future__ import annotations

import json
from pathlib import Path

import polars as pl

from caltrop.dialect.datamodels import Dataset
from caltrop.engine import asking, datasetrows, registry
from caltrop.engine.commands.tstats import bare_name
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.scan import Bounds
from caltrop.engine.table import Table
from caltrop.spl.ast import Command, Option, Word

MODES = ("search", "flat", "acceleration_search")


@command("datamodel", note="Strict fields and summary options are read and change nothing.")
def datamodel(table: Table, cmd: Command, ctx: Context) -> Table:
    """The models as JSON, one model, one dataset, or its events: `search` names fields Root.Child.field, `flat` plainly."""
    words = [w.text for w in cmd.of(Word)]
    knowledge = asking.knowledge(ctx)
    if not words:
        texts = [_text(datasetrows.open_model(name, ctx, cmd).path) for name in knowledge.datamodels()]
        return Table(pl.DataFrame({"_raw": pl.Series(texts, dtype=pl.String)}))
    model = datasetrows.open_model(words[0], ctx, cmd)
    if len(words) == 1:
        return Table(pl.DataFrame({"_raw": [_text(model.path)]}))
    dataset = datasetrows.open_datasets(model, words[1], cmd)[0]
    if len(words) == 2:
        return Table(pl.DataFrame({"_raw": [json.dumps(model.objects[dataset.name], sort_keys=True)]}))
    mode = words[2].lower()
    if mode not in MODES:
        raise SearchError(f"'datamodel' has the modes {', '.join(MODES)}, not {words[2]!r}", node=cmd)
    return dataset_rows(dataset, ctx, qualified=mode != "flat")


def _text(path: str) -> str:
    return json.dumps(json.loads(Path(path).read_text("utf-8-sig")))


def dataset_rows(dataset: Dataset, ctx: Context, *, qualified: bool) -> Table:
    """The dataset's events of the search's time range."""
    always = () if dataset.base_search else datasetrows.DEFAULT_FIELDS

    def shown(frame: pl.DataFrame) -> Table:
        if qualified:
            frame = frame.rename({name: dataset.qualified(name) for name in dataset.fields if name in frame.columns})
        present = [n for n in frame.columns if n in always or frame.get_column(n).null_count() < frame.height]
        return Table(frame.select(present), events=True)

    watcher = ctx.watching
    if watcher is not None:
        watcher.begins(shown)
    return shown(datasetrows.rows(dataset, Bounds(ctx.earliest, ctx.latest), ctx, watcher=watcher))


@command("from")
def from_(table: Table, cmd: Command, ctx: Context) -> Table:
    """`datamodel:Model.Dataset`, `lookup:name` (or inputlookup), `savedsearch:name`; the space form works too."""
    words = [w.text for w in cmd.of(Word)]
    options = cmd.of(Option)
    if len(words) < 2 and options and not words:
        words = [options[0].name, str(options[0].value)]
    if len(words) < 2:
        raise SearchError("'from' needs a dataset", node=cmd, hint="write from datamodel:Model.Dataset")
    kind, name = words[0].lower(), words[1]
    if kind == "datamodel":
        model_name, _, rest = name.partition(".")
        model = datasetrows.open_model(model_name, ctx, cmd)
        name = bare_name(model, rest) if rest not in model.datasets else rest
        return dataset_rows(datasetrows.open_datasets(model, name, cmd)[0], ctx, qualified=False)
    if kind in ("lookup", "inputlookup"):
        return registry.commands["inputlookup"].run(
            Table.empty(), Command("inputlookup", (Word(name),), span=cmd.span), ctx
        )
    if kind == "savedsearch":
        return registry.commands["savedsearch"].run(
            Table.empty(), Command("savedsearch", (Word(name),), span=cmd.span), ctx
        )
    raise SearchError(f"'from' reads datamodel, lookup and savedsearch, not {words[0]!r}", node=cmd)

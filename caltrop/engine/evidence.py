"""What a finished search left to ask: rows at any point of it, how they meet conditions, which values they have.

Answers the questions of `caltrop.explain` (its `Evidence`) from the instance itself. Rows are named by the commands that give
them. Those that came into the stage that left none are at hand; events are read again with the fields that a question needs and
no other, which the extraction of the search has mostly left behind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import polars as pl

from caltrop.engine import asking, datasetrows, registry, scan, subsearches
from caltrop.engine.context import Context
from caltrop.engine.derived import with_derived
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance, SearchResult
from caltrop.engine.needed import needed_fields
from caltrop.engine.scan import Bounds
from caltrop.engine.table import MULTIVALUE, Table, render
from caltrop.index import Segment
from caltrop.spl.ast import Command, FieldName, Node, Pipeline, Word
from caltrop.spl.facts import DOES_MORE

Prefix = tuple[Command, ...]
Kind = tuple[str, str, str, int, float, float]  # index, source, sourcetype, events, first and last `_time`

VALUES = 1_000  # different values of a field that are told, the most frequent ones
_PLACE = frozenset({"_cd", "_time", "index"})  # the address of an event, which nothing has to be extracted for


class EngineEvidence:
    """The evidence of one search on one instance. Asks as the search did: same app, user, clock and time range."""

    def __init__(self, instance: Instance, result: SearchResult, *, app: str = "search", user: str = "admin") -> None:
        self._instance = instance
        self._ctx = Context(
            instance, Engine(), result.moment, app=app, user=user, timezone=result.timezone,
            earliest=result.earliest, latest=result.latest,
        )  # fmt: skip
        self._rows: dict[Prefix, list[tuple[frozenset[str] | None, Table]]] = {}
        self._masks: dict[tuple[Prefix, Node, bool], pl.Series] = {}
        self._resolved: dict[Node, Node] = {}
        if result.emptied is not None:
            number, table = result.emptied
            before = tuple(stage.command for stage in result.stages[:number])
            # Events came with the fields that the search reads and no other.
            commands = [stage.command for stage in result.stages[1:]]
            needed = needed_fields(commands) if table.events else None
            known = None if needed is None else frozenset({*(n for n in needed if "*" not in n), *table.fields})
            self._rows[before] = [(known, table)]

    # -- the questions

    def count(self, prefix: Prefix) -> int:
        return len(self._table(prefix, frozenset()))

    def patterns(self, prefix: Prefix, conditions: Sequence[Node], *, search: bool) -> Mapping[str, int]:
        """`101` -> 14: fourteen rows meet the first and the third condition alone."""
        wanted = frozenset().union(*(_read(node, search) for node in conditions))
        table = self._table(prefix, wanted)
        if not len(table):
            return {}
        masks = [self._mask(prefix, node, search, table).alias(str(n)) for n, node in enumerate(conditions)]
        groups = pl.DataFrame(masks).group_by(pl.all()).len().rows()
        return {"".join("1" if held else "0" for held in row[:-1]): row[-1] for row in groups}

    def values(self, prefix: Prefix, field: str) -> list[tuple[str, int]]:
        """The values of a field with the rows that have them, most frequent first."""
        table = self._table(prefix, frozenset({field}))
        if field not in table or not len(table):
            return []
        column = render(table.frame.get_column(field))
        if column.dtype == MULTIVALUE:
            column = column.explode()
        counts = (
            column.drop_nulls().alias("value").value_counts(name="rows").sort("rows", "value", descending=[True, False])
        )
        return counts.head(VALUES).rows()

    def sample(self, prefix: Prefix, limit: int) -> list[dict[str, str | list[str]]]:
        """The first rows, with all their fields."""
        frame = self._table(prefix, _PLACE).frame.head(limit)
        if prefix[0].name == "search" and {"_cd", "index"} <= set(frame.columns):
            whole = Table(self._whole(frame), events=True)
            if len(prefix) > 1:
                whole = self._ctx.engine.run(Pipeline(prefix[1:]), self._ctx, source=whole)
            frame = whole.frame if len(whole) else frame
        names = [n for n in frame.columns if not n.startswith("_") or n in ("_time", "_raw")]
        columns = {name: render(frame.get_column(name)).to_list() for name in names}
        return [{n: values[i] for n, values in columns.items() if values[i] is not None} for i in range(frame.height)]

    def inventory(self, *, internal: bool = False) -> list[Kind]:
        """What there is in the indexes that the user may search, those whose names begin with _ only where asked for."""
        merged: dict[tuple[str, str, str], tuple[int, float, float]] = {}
        for segment in self._instance.store.segments(self.indexes(internal=internal)):
            for source, sourcetype, count, first, last in self._kinds(segment):
                key = segment.index, source, sourcetype
                known = merged.get(key)
                if known is not None:
                    count, first, last = count + known[0], min(first, known[1]), max(last, known[2])
                merged[key] = count, first, last
        return [(*key, *value) for key, value in merged.items()]

    def _kinds(self, segment: Segment) -> list[tuple[str, str, int, float, float]]:
        """The sources and source types of a segment with their events, first and last time; segments never change."""
        key = "kinds of events", f"{segment.index}/{segment.id}"
        kept: list[tuple[str, str, int, float, float]] | None = self._instance.kept.get(key)
        if kept is None:
            groups = segment.frame.group_by(pl.col("source", "sourcetype").fill_null("")).agg(
                pl.len(), pl.col("_time").min().alias("first"), pl.col("_time").max().alias("last")
            )
            kept = groups.rows()
            self._instance.kept.put(key, kept, 200 * len(kept), segment)
        return kept

    def indexes(self, *, internal: bool = False) -> list[str]:
        """The indexes that the user may search."""
        names = self._instance.services.searchable(self._instance.store.indexes(), self._ctx.user)
        return [name for name in names if internal or not name.startswith("_")]

    def default_indexes(self) -> list[str]:
        """Those that a search without an index looks into."""
        return list(self._instance.services.searched_by_default(self.indexes(), self._ctx.user))

    def constraint(self, model: str, dataset: str) -> str:
        """The constraints of a dataset as one search expression, macros expanded; empty where every event is of it."""
        opened = datasetrows.open_model(model, self._ctx, Word(model))
        found = datasetrows.open_datasets(opened, dataset, Word(dataset))[0]
        return self._ctx.engine.expand(found.search, self._ctx) if found.search else ""

    def apps(self) -> list[str]:
        """The installed apps, by their names and by their labels."""
        config = self._instance.config
        labels = [str(config.get("app", "ui", "label", name) or "") for name in config.apps()]
        return sorted({*config.apps(), *filter(None, labels)})

    # -- rows

    def _table(self, prefix: Prefix, wanted: frozenset[str]) -> Table:
        """The rows that the commands give, with at least the wanted fields, those of them that exist."""
        held = self._rows.setdefault(prefix, [])
        for fields, table in held:
            if fields is None or fields >= wanted:
                return table
        fields, table = self._read(prefix, wanted)
        held.append((fields, table))
        return table

    def _read(self, prefix: Prefix, wanted: frozenset[str]) -> tuple[frozenset[str] | None, Table]:
        for command in prefix:
            for node in command.walk():
                if isinstance(node, Command) and (node.name in DOES_MORE or node.name not in registry.commands):
                    raise SearchError(f"'{node.name}' is not run again for an explanation", node=command)
        last = prefix[-1]
        if len(prefix) > 1 and last.name in ("search", "where") and last.parts:
            search = last.name == "search"
            node = scan.search_expression(last) if search else last.parts[0]
            needed = wanted | _read(node, search)
            table = self._table(prefix[:-1], needed)
            return needed, table.with_frame(table.frame.filter(self._mask(prefix[:-1], node, search, table)))
        if len(prefix) == 1 and last.name == "search":
            node = self._resolve(scan.search_expression(last))
            fields = wanted | _PLACE
            return fields, scan.fetch(node, fields, self._ctx)
        words = [part.text for part in last.of(Word)]
        if len(prefix) == 1 and last.name == "datamodel" and len(words) == 3:
            return None, self._dataset(words[0], words[1])
        if not wanted:
            return None, self._ctx.engine.run(Pipeline(prefix), self._ctx)
        # What no later command reads is not extracted.
        named = Command("fields", tuple(FieldName(name) for name in sorted({*wanted, "_time", "_raw"})))
        return wanted, self._ctx.engine.run(Pipeline((*prefix, named)), self._ctx)

    def _dataset(self, model: str, name: str) -> Table:
        """Every event of the dataset in the time range, its fields named Dataset.field."""
        opened = datasetrows.open_model(model, self._ctx, Word(model))
        dataset = datasetrows.open_datasets(opened, name, Word(name))[0]
        frame = datasetrows.rows(dataset, Bounds(*self._ctx.time_range), self._ctx)
        names = {field: dataset.qualified(field) for field in dataset.fields if field in frame.columns}
        return Table(frame.rename(names), events=True)

    def _whole(self, frame: pl.DataFrame) -> pl.DataFrame:
        """These events (by their addresses) with every search-time field."""
        store, ctx = self._instance.store, self._ctx
        pieces = []
        for (index,), group in frame.group_by("index"):
            places = group.get_column("_cd").implode()
            for segment in store.segments([str(index)]):
                known = self._instance.whole(segment, ctx)
                rows = (segment.frame if known is None else known).filter(pl.col("_cd").is_in(places))
                if rows.height:
                    knowledge = asking.knowledge(ctx)
                    pieces.append(rows if known is not None else knowledge.extract(rows, None, asking.asker(ctx)))
        return pl.concat(pieces, how="diagonal_relaxed") if pieces else frame

    # -- conditions

    def _mask(self, prefix: Prefix, node: Node, search: bool, table: Table) -> pl.Series:
        key = prefix, node, search
        if key not in self._masks:
            frame = table.frame
            if search:
                node = self._resolve(node)
                frame = with_derived(frame, scan.mentioned(node), self._ctx) if table.events else frame
                found = self._ctx.engine.matches(node, frame, self._ctx)
            else:
                found = self._ctx.engine.evaluate(node, frame, self._ctx)
                found = found.fill_null(False) if found.dtype == pl.Boolean else found.is_not_null()
            self._masks[key] = found
        return self._masks[key]

    def _resolve(self, node: Node) -> Node:
        """The expression with what its subsearches gave in their place, each run once."""
        if node not in self._resolved:
            self._resolved[node] = subsearches.resolve(node, self._ctx)
        return self._resolved[node]


def _read(node: Node, search: bool) -> frozenset[str]:
    """The fields that a condition reads."""
    if search:
        return scan.mentioned(node)
    return frozenset(item.name for item in node.walk() if isinstance(item, FieldName))

"""Series: the columns that chart, timechart and geostats make of the values of a split-by field.

Follows "chart" of the Search Reference: which series are kept (limit, agg, where), what becomes of the rest (useother) and of rows
without the field (usenull), and what the columns are called (sep, format).
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from caltrop.engine import budget
from caltrop.engine.aggregate.arguments import flag, text
from caltrop.engine.aggregate.functions import find
from caltrop.engine.aggregate.group import aggregate, argument_fields, natural_order
from caltrop.engine.aggregate.measures import empty_cells, expand
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import MULTIVALUE, numeric, render
from caltrop.spl.ast import Aggregation, Command, FieldName, Word

DEFAULT_LIMIT = 10
LABEL, CELL, ROW = "\x00label", "\x00cell", "\x00row"
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "=": operator.eq, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip
_WHERE = re.compile(
    r"(?P<function>[A-Za-z_]\w*)(?:\([^)]*\))?\s*"
    r"(?:(?P<member>in|not\s*in)\s*(?P<end>top|bottom)\s*(?P<count>\d+)"
    r"|(?P<operator>[<>]=?|!=|==?)\s*(?P<bound>[+-]?\d+(?:\.\d+)?))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Selection:
    """Which series are kept: the best `count` (or worst) by score, or all, or those whose score passes a test."""

    count: int = DEFAULT_LIMIT
    best: bool = True
    keep: bool = True  # False: `notin`, the chosen ones are what goes to OTHER
    score: Aggregation | None = None  # over the cells of a series, or over the events when it names a field
    test: Callable[[float], bool] | None = None


@dataclass(frozen=True, slots=True)
class SeriesOptions:
    selection: Selection
    useother: bool
    usenull: bool
    other: str
    null: str
    template: str  # with $AGG$ and $VAL$
    dedup: bool
    taken: frozenset[str] = frozenset()  # names of columns that come beside

    @staticmethod
    def read(cmd: Command) -> SeriesOptions:
        separator = text(cmd, "sep", ": ")
        return SeriesOptions(
            selection=_selection(cmd),
            useother=flag(cmd, "useother", True),
            usenull=flag(cmd, "usenull", True),
            other=text(cmd, "otherstr", "OTHER"),
            null=text(cmd, "nullstr", "NULL"),
            template=text(cmd, "format", f"$AGG${separator}$VAL$"),
            dedup=flag(cmd, "dedup_splitvals", flag(cmd, "dedup_splitval", False)),
        )


def _selection(cmd: Command) -> Selection:
    where = cmd.clause("where")
    if where is not None:
        return _where(" ".join(part.text for part in where if isinstance(part, Word)), cmd)
    limit = text(cmd, "limit", str(DEFAULT_LIMIT))
    match = re.fullmatch(r"(top|bottom)?\s*(\d+)", limit, re.IGNORECASE)
    if match is None:
        raise SearchError(f"limit={limit} is no limit", node=cmd, hint="Write a number, topN or bottomN.")
    return Selection(int(match[2]), best=(match[1] or "top").lower() == "top", score=_score(text(cmd, "agg", ""), cmd))


def _where(condition: str, cmd: Command) -> Selection:
    match = _WHERE.fullmatch(condition.replace("> =", ">=").replace("< =", "<=").replace("! =", "!=").strip())
    if match is None:
        raise SearchError(
            f"where {condition} cannot be read", node=cmd, hint="Write as in `where sum in top5` or `where max > 10`."
        )
    score = _score(match["function"], cmd)
    if match["member"]:
        keep = match["member"].lower() == "in"
        return Selection(int(match["count"]), best=match["end"].lower() == "top", keep=keep, score=score)
    compare, bound = _OPERATORS[match["operator"]], float(match["bound"])
    return Selection(score=score, test=lambda value: compare(value, bound))


def _score(written: str, cmd: Command) -> Aggregation | None:
    """`max` (over the cells of a series) or `max(bytes)` (over its events)."""
    if not written:
        return None
    name, _, argument = written.strip().partition("(")
    if find(name.lower()) is None:
        raise SearchError(f"unknown statistical function {name!r}", node=cmd)
    field = FieldName(argument.removesuffix(")").strip()) if argument.strip(") ") else None
    return Aggregation(name.lower(), field, CELL, written)


Finish = Callable[[pl.DataFrame], pl.DataFrame]


def pivot(
    frame: pl.DataFrame,
    aggregations: Sequence[Aggregation],
    row: str,
    split: str,
    options: SeriesOptions,
    ctx: Context,
    finish: Finish = lambda cells: cells,
) -> tuple[pl.DataFrame, dict[str, int | None]]:
    """A row for each value of `row`, a column a series; with it what an empty cell of each column holds (0 or None).

    `finish` corrects the long table of cells (columns `row`, a label, the results) before it is spread out.
    """
    fields = argument_fields(frame)
    frame = _labelled(frame, split, options)
    aggregations = [one for a in aggregations for one in expand(a, fields, (row, split))]
    outputs = {name: f"{CELL}{i}" for i, name in enumerate(dict.fromkeys(a.alias or a.text for a in aggregations))}
    plain = [replace(a, alias=outputs[a.alias or a.text]) for a in aggregations]

    def compute(source: pl.DataFrame) -> pl.DataFrame:
        return finish(aggregate(source, plain, [row, LABEL], ctx, scaled=True))

    cells = compute(frame)
    rows = natural_order(cells.select(row).unique(maintain_order=True), [row])
    kept = _kept(frame, cells, plain, options, ctx)
    rest = set(cells.get_column(LABEL).to_list()) - kept - {options.null}
    if rest:
        if options.useother:
            label = pl.when(pl.col(LABEL).is_in(list(rest))).then(pl.lit(options.other)).otherwise(pl.col(LABEL))
            cells = compute(frame.with_columns(label.alias(LABEL)))
        else:
            cells = cells.filter(~pl.col(LABEL).is_in(list(rest)))
    labels = sorted(kept)
    if options.null in cells.get_column(LABEL).to_list() and options.null not in labels:
        labels.append(options.null)
    if rest and options.useother and options.other not in labels:
        labels.append(options.other)
    return _spread(cells, rows, labels, outputs, empty_cells(aggregations, fields, (row, split)), options)


def _labelled(frame: pl.DataFrame, split: str, options: SeriesOptions) -> pl.DataFrame:
    """`frame` with the name of the series of each row; a row for each value of a multivalue split field."""
    if split in frame.columns:
        column = frame.get_column(split)
        column = column if column.dtype == MULTIVALUE else render(column)
    else:
        column = pl.Series(split, [None], dtype=pl.String).new_from_index(0, frame.height)
    if column.dtype == MULTIVALUE and options.dedup:
        column = column.list.unique(maintain_order=True)
    frame = frame.with_columns(column.alias(LABEL))
    if column.dtype == MULTIVALUE:
        frame = frame.explode(LABEL)
    return frame.with_columns(pl.col(LABEL).fill_null(options.null)) if options.usenull else frame.drop_nulls(LABEL)


def _kept(
    frame: pl.DataFrame, cells: pl.DataFrame, plain: Sequence[Aggregation], options: SeriesOptions, ctx: Context
) -> set[str]:
    """Labels of the series that get a column of their own (NULL apart)."""
    selection = options.selection
    named = cells.filter(pl.col(LABEL) != options.null)
    labels = set(named.get_column(LABEL).to_list())
    if selection.test is None and (selection.count == 0 or len(labels) <= selection.count) and selection.keep:
        return labels
    scores = _scores(frame, named, plain, selection, ctx)
    if selection.test is not None:
        return {label for label in labels if selection.test(scores.get(label, 0.0))}
    sign = -1 if selection.best else 1
    ranked = sorted(labels, key=lambda label: (sign * scores.get(label, 0.0), label))
    chosen = set(ranked[: selection.count])
    return chosen if selection.keep else labels - chosen


def _scores(
    frame: pl.DataFrame, cells: pl.DataFrame, plain: Sequence[Aggregation], selection: Selection, ctx: Context
) -> dict[str, float]:
    """By default the sum of a series' cells; with several functions, how many rows it has."""
    score = selection.score
    if score is None and len(plain) > 1:
        result = aggregate(frame, [Aggregation("count", None, CELL, "count")], [LABEL], ctx)
    elif score is not None and score.argument is not None:
        result = aggregate(frame, [score], [LABEL], ctx)
    else:
        over = Aggregation(score.function if score else "sum", FieldName(str(plain[0].alias)), CELL, "")
        result = aggregate(cells, [over], [LABEL], ctx)
    values = numeric(result.get_column(CELL)).fill_null(0.0)
    return dict(zip(result.get_column(LABEL).to_list(), values.to_list(), strict=True))


def _spread(
    cells: pl.DataFrame,
    rows: pl.DataFrame,
    labels: Sequence[str],
    outputs: Mapping[str, str],
    blanks: Mapping[str, int | None],
    options: SeriesOptions,
) -> tuple[pl.DataFrame, dict[str, int | None]]:
    """A column for each output (name and key in `cells`) and label over the index `rows`."""
    row = rows.columns[0]
    budget.rows(rows.height, len(outputs) * len(labels))
    columns: dict[str, pl.Series] = {row: rows.get_column(row)}
    empty: dict[str, int | None] = {}
    for output, key in outputs.items():
        long = cells.select(pl.col(row).alias(ROW), LABEL, key)
        wide = long.pivot(on=LABEL, index=ROW, values=key)
        wide = rows.select(pl.col(row).alias(ROW)).join(wide, on=ROW, how="left", maintain_order="left")
        blank = blanks[output]
        if blank is not None:
            wide = wide.with_columns(pl.exclude(ROW).fill_null(blank))
        for label in labels:
            # A column that began with _ would be hidden.
            shown = f"VALUE{label}" if label.startswith("_") else label
            name = shown if len(outputs) == 1 else options.template.replace("$AGG$", output).replace("$VAL$", shown)
            while name in columns or name in options.taken:  # what has the name already is not lost (ours)
                name = f"VALUE{name}"
            columns[name] = wide.get_column(label).alias(name)
            empty[name] = blank
    return pl.DataFrame(columns), empty

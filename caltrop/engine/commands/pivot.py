"""pivot: a table over a data model dataset (Search Reference: pivot).

Pivot adds nothing to what stats and xyseries do, says its topic; so it is written out as a pipeline of other commands, which
is run over the dataset's events.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import polars as pl

from caltrop.dialect.datamodels import DataModel
from caltrop.dialect.words import quoted
from caltrop.engine import datasetrows
from caltrop.engine.commands.datasets import dataset_rows
from caltrop.engine.commands.tstats import bare_name
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, render
from caltrop.errors import CaltropError
from caltrop.spl import parse
from caltrop.spl.ast import Aggregation, Clause, Command, FieldName, Node, Option, Word

Run = Callable[[Sequence[str], Table], Table]  # SPL stages over rows

MOST_COLUMNS = 100  # of a split, when NUMCOLS says nothing
OTHER, TOTAL = "other", "ALL"
PERIODS = {"year": "1y", "month": "1mon", "day": "1d", "hour": "1h", "minute": "1m", "second": "1s"}
# How a filter is written as a search term; {0} is the field, {1} the value without quotes.
TESTS = {
    "is": '{0}="{1}"',
    "isnot": 'NOT {0}="{1}"',
    "contains": '{0}="*{1}*"',
    "doesnotcontain": 'NOT {0}="*{1}*"',
    "startswith": '{0}="{1}*"',
    "endswith": '{0}="*{1}"',
    "isnull": "NOT {0}=*",
    "isnotnull": "{0}=*",
    **{sign: "{0}" + sign + '"{1}"' for sign in ("=", "!=", "<", "<=", ">", ">=")},
}


@dataclass(slots=True)
class Split:
    """A field to split rows or columns by, its label, and the options behind it, by keyword in lower case."""

    name: str
    label: str
    options: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Layout:
    """A pivot as read: cells as (SPL, label), splits, SPL of the filters, the words of each LIMIT and of SORT, flags."""

    cells: list[tuple[str, str]] = field(default_factory=list)
    rows: list[Split] = field(default_factory=list)
    columns: list[Split] = field(default_factory=list)
    filters: list[str] = field(default_factory=list)
    limits: list[list[str]] = field(default_factory=list)
    sort: list[str] = field(default_factory=list)
    flags: dict[str, str] = field(default_factory=dict)


@command("pivot", note="Totals are called ALL, and what NUMCOLS leaves out is called other.")
def pivot(table: Table, cmd: Command, ctx: Context) -> Table:
    """Cells by split rows and columns of a dataset: filtered, limited, sorted, with totals."""
    words = cmd.of(Word)
    if len(words) < 3:
        raise SearchError(
            "'pivot' needs a data model, a dataset and a cell value",
            node=cmd,
            hint="write pivot Model Dataset count(Dataset)",
        )
    model = datasetrows.open_model(words[0].text, ctx, cmd)
    dataset = datasetrows.open_datasets(model, words[1].text.rpartition(".")[2], cmd)[0]
    layout = _layout(cmd, words[2:], model)
    rows = dataset_rows(dataset, ctx, qualified=False)

    def run(stages: Sequence[str], source: Table) -> Table:
        return ctx.engine.run_text("".join(f"| {stage} " for stage in stages), ctx, source=source) if stages else source

    rows = run([f"search {term}" for term in layout.filters], rows)
    for limit in layout.limits:
        rows = run(_limit(limit, rows, model, run, cmd), rows)
    rows = run([stage for split in layout.rows + layout.columns for stage in _grouping(split)], rows)
    rows = run(_fewer_columns(layout, rows, run), rows)
    cells = " ".join(f"{text} AS {quoted(label)}" for text, label in layout.cells)
    by = " ".join(quoted(split.name) for split in layout.rows + layout.columns)
    result = run([f"stats {cells}" + (f" by {by}" if by else "")], rows)
    names = {split.name: split.label for split in layout.rows if split.name != split.label}
    frame = _spread(result.frame, layout).rename({a: b for a, b in names.items() if a in result.fields})
    return run(list(_finishing(frame.columns, layout)), Table(frame))


# --- reading ------------------------------------------------------------------------------------------------------------


def _layout(cmd: Command, cells: Sequence[Word], model: DataModel) -> Layout:
    layout = Layout([_cell(text, model, cmd) for text in _cell_texts(cells)])
    split: Split | None = None
    for clause in cmd.of(Clause):
        texts = [_text(part) for part in clause.parts]
        if clause.keyword in ("splitrow", "splitcol"):
            name = bare_name(model, texts[0]) if texts else ""
            split = Split(name, texts[2] if len(texts) > 2 and texts[1].upper() == "AS" else name)
            (layout.rows if clause.keyword == "splitrow" else layout.columns).append(split)
        elif clause.keyword == "filter":
            layout.filters.append(_filter(texts, model, cmd))
        elif clause.keyword == "limit":
            layout.limits.append(texts)
        elif clause.keyword == "sort":
            layout.sort = texts
        elif clause.keyword not in ("range", "period"):
            layout.flags[clause.keyword] = texts[0].lower() if texts else ""
        if split is not None:
            split.options |= _split_options(clause, texts)
    return layout


def _text(part: Node) -> str:
    return part.text if isinstance(part, Word) else f"{part.name}={part.value}" if isinstance(part, Option) else ""


def _split_options(clause: Clause, texts: Sequence[str]) -> dict[str, str]:
    """PERIOD, RANGE start= end= size=, TRUELABEL and FALSELABEL, wherever they stand behind the split."""
    found = {p.name: str(p.value) for p in clause.parts if isinstance(p, Option)} if clause.keyword == "range" else {}
    if clause.keyword == "period" and texts:
        found["period"] = texts[0].lower()
    for word, value in pairwise(texts):
        if word.upper() in ("TRUELABEL", "FALSELABEL"):
            found[word.lower()] = value
    return found


def _cell_texts(words: Sequence[Word]) -> Iterator[str]:
    """`count(x) AS "y"` as one text each."""
    pending: list[str] = []
    for word in words:
        if pending and "AS" not in (pending[-1].upper(), word.text.upper()):
            yield " ".join(pending)
            pending = []
        pending.append(quoted(word.text) if word.quoted else word.text)
    if pending:
        yield " ".join(pending)


def _cell(text: str, model: DataModel, cmd: Command) -> tuple[str, str]:
    """(SPL of the function, label); the name of a dataset as the argument counts its events."""
    try:
        stage = parse(f"| stats {text}").commands[0]
    except CaltropError as error:
        raise SearchError(f"'pivot': {text!r} is no cell value: {error.message}", node=cmd) from error
    node = stage.parts[0] if isinstance(stage, Command) and len(stage.parts) == 1 else None
    if not isinstance(node, Aggregation):
        raise SearchError(f"'pivot': {text!r} is no cell value", node=cmd)
    name = bare_name(model, node.argument.name) if isinstance(node.argument, FieldName) else ""
    counted = not name or name in model.datasets
    return (node.function if counted else f"{node.function}({quoted(name)})"), node.alias or node.text


def _filter(texts: Sequence[str], model: DataModel, cmd: Command) -> str:
    """`field is value`, `field in (a, b)`, `field >= 5`, … as a search term."""
    if len(texts) < 2:
        raise SearchError("'pivot': FILTER is written field comparison value", node=cmd)
    name = quoted(bare_name(model, texts[0]))
    signs = [text for text in texts[1:3] if text and set(text) <= set("<>=!")]
    operator = "".join(signs) or texts[1].lower()
    values = [t for t in texts[1 + (len(signs) or 1) :] if t not in ("(", ")")]
    if operator == "in" and values:
        return f"{name} IN ({', '.join(map(quoted, values))})"
    if operator not in TESTS or ("{1}" in TESTS[operator] and not values):
        raise SearchError(f"'pivot': FILTER does not know {' '.join(texts[1:])!r}", node=cmd)
    return TESTS[operator].format(name, quoted(values[0])[1:-1] if values else "")


# --- writing it out -----------------------------------------------------------------------------------------------------


def _limit(words: Sequence[str], rows: Table, model: DataModel, run: Run, cmd: Command) -> list[str]:
    """`field BY TOP 10 avg(x)`: only the events whose field has one of the first values."""
    if (
        len(words) != 5
        or words[1].upper() != "BY"
        or words[2].lower() not in ("top", "bottom")
        or not words[3].isdigit()
    ):
        raise SearchError("'pivot': LIMIT is written field BY TOP|BOTTOM number function(field)", node=cmd)
    name, function = quoted(bare_name(model, words[0])), _cell(words[4], model, cmd)[0]
    order = "-" if words[2].lower() == "top" else ""
    best = run([f"stats {function} AS value by {name}", f"sort {words[3]} {order}value"], rows)
    values = render(best.frame.get_column(bare_name(model, words[0]))).to_list() if len(best) else []
    return [f"search {name} IN ({', '.join(map(quoted, values))})"] if values else ["where false()"]


def _grouping(split: Split) -> Iterator[str]:
    """Bins of numbers and times, and labels of Booleans."""
    name, options = quoted(split.name), split.options
    if "period" in options:
        period = PERIODS.get(options["period"])
        yield f"bin {name} " + (f"span={period}" if period else "bins=100")
    sizes = {"size": "span", "start": "start", "end": "end", "max": "bins"}
    if any(option in options for option in sizes):
        yield f"bin {name} " + " ".join(f"{sizes[o]}={v}" for o, v in options.items() if o in sizes)
    for option, values in (("truelabel", '"true","True","1"'), ("falselabel", '"false","False","0"')):
        if option in options:
            yield f"eval '{split.name}'=if('{split.name}' IN ({values}), {quoted(options[option])}, '{split.name}')"


def _fewer_columns(layout: Layout, rows: Table, run: Run) -> list[str]:
    """NUMCOLS: values of the first column split beyond the most frequent ones become one, or go."""
    text = layout.flags.get("numcols", str(MOST_COLUMNS))
    if not layout.columns or not text.isdigit() or text == "0":
        return []
    name = layout.columns[0].name
    found = run([f"stats count AS value by {quoted(name)}", f"sort {text} -value"], rows)
    values = render(found.frame.get_column(name)).to_list() if len(found) else []
    total = rows.frame.get_column(name).drop_nulls().n_unique() if name in rows else 0
    if total <= len(values):
        return []
    kept = ", ".join(map(quoted, values))
    if layout.flags.get("showother", "1") in ("1", "true"):
        return [f"eval '{name}'=if('{name}' IN ({kept}), '{name}', if(isnull('{name}'), null(), {quoted(OTHER)}))"]
    return [f"search {quoted(name)} IN ({kept})"]


def _spread(frame: pl.DataFrame, layout: Layout) -> pl.DataFrame:
    """One column a value of the column splits, and a cell; `cell: value` where there are several cells."""
    if not layout.columns:
        return frame
    rows = [split.name for split in layout.rows]
    parts = [render(frame.get_column(split.name)) for split in layout.columns]
    frame = frame.with_columns(pl.select(pl.concat_str(parts, separator=", ").alias("\x00key")).to_series())
    result = frame.select(rows).unique(maintain_order=True) if rows else pl.DataFrame({"\x00": [0]})
    for _, label in layout.cells:
        for key in frame.get_column("\x00key").unique(maintain_order=True).to_list():
            name = key if len(layout.cells) == 1 else f"{label}: {key}"
            part = frame.filter(pl.col("\x00key") == key).select(*rows, pl.col(label).alias(name))
            if rows:
                result = result.join(part, on=rows, how="left", maintain_order="left")
            else:
                result = result.with_columns(part.get_column(name))
    return result.drop("\x00", strict=False)


def _finishing(names: Sequence[str], layout: Layout) -> Iterator[str]:
    """SORT, then the totals, which stay at the end."""
    labels = [split.label for split in layout.rows]
    if layout.sort:
        by_field = {split.name: split.label for split in layout.rows}
        number, *keys = layout.sort if layout.sort[0].isdigit() else ["0", *layout.sort]
        fields = [(key[:1] == "-", by_field.get(key.lstrip("+-"), key.lstrip("+-"))) for key in keys]
        fields = [(down, name) for down, name in fields if name in names] or [(False, label) for label in labels[:1]]
        if fields:
            yield f"sort {number} " + ", ".join(("-" if down else "") + quoted(name) for down, name in fields)
    values = " ".join(quoted(name) for name in names if name not in labels)
    if layout.flags.get("rowsummary") in ("1", "true"):
        yield f"addtotals fieldname={TOTAL} {values}"
    if layout.flags.get("colsummary") in ("1", "true"):
        label = f"labelfield={quoted(labels[0])} label={TOTAL} " if labels else ""
        more = f" {TOTAL}" if layout.flags.get("rowsummary") in ("1", "true") else ""
        yield f"addcoltotals {label}{values}{more}"

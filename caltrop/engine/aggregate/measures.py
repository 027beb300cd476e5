"""From the aggregations that were written to the columns that will be computed: wildcards, names, arguments."""

from __future__ import annotations

import zlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import polars as pl

from caltrop.dialect.words import did_you_mean
from caltrop.engine.aggregate.functions import Function, find, registry
from caltrop.engine.aggregate.inputs import Columns, Input
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.fieldnames import carried, matching
from caltrop.spl.ast import Aggregation, Call, FieldName, Node

SPARKLINE = "sparkline"
EVAL = "eval"


@dataclass(frozen=True, slots=True)
class Measure:
    """One result column. `key` names the argument: the field, or a checksum of the expression; prestats keeps its parts under it."""

    function: Function
    output: str
    key: str
    field: Aggregation

    def input(self, frame: pl.DataFrame, columns: Columns, ctx: Context, *, allnum: bool = False) -> Input:
        return Input(f"\x00{self.key}", argument(self.field, frame, ctx), columns, allnum=allnum)


def argument(written: Aggregation, frame: pl.DataFrame, ctx: Context) -> pl.Series | None:
    """The column that is aggregated; None for the bare count."""
    if written.argument is None:
        return None
    if isinstance(written.argument, FieldName):
        name = written.argument.name
        if name in frame.columns:
            return frame.get_column(name)
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
    return ctx.engine.evaluate(written.argument, frame, ctx)


def measures(aggregations: Sequence[Aggregation], names: Sequence[str], by: Collection[str]) -> list[Measure]:
    """One measure a result column, wildcards applied to the fields `names`. Of equal names the last one counts."""
    found: dict[str, Measure] = {}
    for written in aggregations:
        for one in expand(written, names, by):
            measure = Measure(resolve(one), one.alias or one.text, _key(one), one)
            if measure.output in by:
                raise SearchError(
                    f"the output field {measure.output!r} has the name of a BY field",
                    node=written,
                    hint="Rename one of them with AS.",
                    says=f"The output field '{measure.output}' cannot have the same name as a group-by field.",
                )
            found[measure.output] = measure
    return list(found.values())


def resolve(written: Aggregation) -> Function:
    """The function of an aggregation, or an error that names it."""
    function = find(written.function)
    if function is None:
        raise SearchError(
            f"unknown statistical function {written.function!r}",
            node=written,
            hint=did_you_mean(written.function, registry),
            says=f"The argument '{written.text}' is invalid.",
        )
    return function


def expand(written: Aggregation, names: Sequence[str], by: Collection[str]) -> list[Aggregation]:
    """`sum(*delay) AS s*` becomes an aggregation for each matching field, in the order of their names; so does a bare `sum`."""
    if written.argument is None and (function := find(written.function)) and function.name != "count":
        written = replace(written, argument=FieldName("*"))  # the old way to say "over every field"
    pattern = written.argument.name if isinstance(written.argument, FieldName) else ""
    if written.alias is not None and pattern and pattern.count("*") != written.alias.count("*"):
        raise SearchError(
            f"{written.text} AS {written.alias}: the numbers of wildcards differ",
            node=written,
            hint="A function without a field is over every field: sum() is sum(*).",
            says=f"The number of wildcards between field specifier '{pattern}' and rename specifier '{written.alias}' "
            "do not match. Note: empty field specifiers implies all fields, e.g. sum() == sum(*).",
        )
    if "*" not in pattern or (
        written.alias is None and isinstance(written.argument, FieldName) and written.argument.quoted
    ):
        return [written]
    call = written.text.partition("(")[0].strip() or written.function
    out = []
    for name in sorted(matching(pattern, names)):
        if name in by or name.startswith("\x00"):  # a column that a command works with
            continue
        alias = None if written.alias is None else carried(pattern, name, written.alias)
        out.append(
            Aggregation(written.function, FieldName(name), alias, f"{call}({name})", written.extra, span=written.span)
        )
    return out


def empty_cells(
    aggregations: Sequence[Aggregation], names: Sequence[str], by: Collection[str]
) -> dict[str, int | None]:
    """For each result column what stands where there are no rows: 0 for counts, None (missing) for all others."""
    every = [one for written in aggregations for one in expand(written, names, by)]
    return {one.alias or one.text: f.empty if (f := find(one.function)) else None for one in every}


def _key(written: Aggregation) -> str:
    if written.argument is None:
        return ""
    if isinstance(written.argument, FieldName):
        return written.argument.name
    # A checksum keeps eval(a+b) and eval(a-b) apart where only letters and digits of a name survive.
    inside = "".join(written.text.partition("(")[2].rpartition(")")[0].split())
    return f"eval_{zlib.crc32(inside.encode()):08x}"


@dataclass(frozen=True, slots=True)
class Calculated:
    """eval(avg(a) * avg(b)): an expression over aggregations, which become hidden columns."""

    output: str
    hidden: tuple[Aggregation, ...]
    expression: Node

    @staticmethod
    def read(written: Aggregation) -> Calculated:
        if written.argument is None:
            raise SearchError("eval needs an expression of aggregations, as in eval(avg(a)/2)", node=written)
        hidden: list[Aggregation] = []
        output = written.alias or written.text

        def lift(node: Node) -> Node:
            """The expression with each aggregation replaced by the name of its hidden column."""
            inner = _as_aggregation(node)
            if inner is not None:
                name = f"\x00{output}\x00{len(hidden)}"
                hidden.append(replace(inner, alias=name))
                return FieldName(name, quoted=True, span=node.span)
            changed: dict[str, Any] = {}
            for spec in fields(node):
                value = getattr(node, spec.name)
                if isinstance(value, Node):
                    changed[spec.name] = lift(value)
                elif isinstance(value, tuple):
                    changed[spec.name] = tuple(lift(v) if isinstance(v, Node) else v for v in value)
            return replace(node, **changed)

        expression = lift(written.argument)
        if not hidden:
            raise SearchError("eval holds no aggregation such as avg(field)", node=written)
        return Calculated(output, tuple(hidden), expression)


def _as_aggregation(node: Node) -> Aggregation | None:
    """avg(x) or count inside an eval expression; functions of eval and of stats alike (max) are the latter with one field."""
    if isinstance(node, FieldName) and not node.quoted and node.name.lower() in ("count", "c"):
        return Aggregation("count", None, None, "count", span=node.span)
    if not isinstance(node, Call) or find(node.name) is None or len(node.args) > 1:
        return None
    inner = node.args[0] if node.args else None
    if isinstance(inner, Call) and inner.name == EVAL and len(inner.args) == 1:
        inner = inner.args[0]
    text = inner.name if isinstance(inner, FieldName) else ""
    return Aggregation(node.name, inner, None, f"{node.name}({text})", span=node.span)

"""Fields computed by expressions: eval, fieldformat."""

from __future__ import annotations

import re

import polars as pl

from caltrop.engine.calls import Scope
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.expressions import evaluate
from caltrop.engine.registry import command
from caltrop.engine.subsearches import plain_text
from caltrop.engine.table import MULTIVALUE, Table, pick, render, values_of
from caltrop.engine.values import Value, lists_or_text
from caltrop.spl import parse
from caltrop.spl.ast import Assignment, Command, Literal, Node, Subsearch


@command("eval", settled=True)
def eval_(table: Table, cmd: Command, ctx: Context) -> Table:
    """Assignments in order, each seeing the ones before it."""
    frame = table.frame
    for assignment in _assignments(cmd, ctx):
        frame = assigned(frame, assignment, ctx)
    return table.with_frame(frame)


def _assignments(cmd: Command, ctx: Context) -> list[Assignment]:
    found: list[Assignment] = []
    for part in cmd.parts:
        if isinstance(part, Subsearch):
            inner = parse(f"| eval {plain_text(part, ctx)}").commands[0]
            found += inner.of(Assignment) if isinstance(inner, Command) else ()
        elif isinstance(part, Assignment):
            found.append(part)
    if not found:
        raise SearchError(f"{cmd.name} needs field=expression", node=cmd)
    return found


def assigned(frame: pl.DataFrame, assignment: Assignment, ctx: Context) -> pl.DataFrame:
    """The frame with the target set; a Boolean cannot be assigned."""
    scope = Scope(frame, ctx)
    value = lists_or_text(_kept(assignment.expression, evaluate(assignment.expression, scope).shown()))
    if value.column.dtype == pl.Boolean:
        raise SearchError(
            f"eval cannot assign a Boolean to '{assignment.target}'", node=assignment,
            hint='wrap it: if(<condition>, "true", "false")',
            says="Fields cannot be assigned a boolean result. Instead, try if([bool expr], [expr], [expr]).",
        )  # fmt: skip
    target = assignment.target
    if re.search(r"\{[^{}]+\}", target):
        return _dynamic(frame, target, value, scope)
    if target == "_time" and not value.multivalue and value.number().column.null_count() == value.column.null_count():
        value = value.number()  # a time; any other text stays the text that it is
    column = value.stretch(frame.height).alias(target)
    if frame.height and target not in frame.columns and column.null_count() == frame.height:
        return frame  # a field without a value in any row is not there
    return frame.with_columns(column) if frame.width else column.to_frame()


def _kept(expression: Node, value: Value) -> Value:
    """A number that is written with trailing zeros keeps them: they say how precise it is (0.230)."""
    if isinstance(expression, Literal) and _TRAILING.fullmatch(expression.text):
        return Value(pl.Series([expression.text]), constant=True, kind="number")
    return value


_TRAILING = re.compile(r"\d*\.\d*0")


def _dynamic(frame: pl.DataFrame, target: str, value: Value, scope: Scope) -> pl.DataFrame:
    """`{name}` in the target is the value of that field, row by row; rows where it is missing assign nothing."""
    names: list[str | None] = []
    fields = {
        name: scope.field(name).text().stretch(frame.height).to_list() for name in re.findall(r"\{([^{}]+)\}", target)
    }
    for row in range(frame.height):
        cells = {name: values[row] for name, values in fields.items()}
        if any(cell is None for cell in cells.values()):
            names.append(None)
        else:
            name = re.sub(r"\{([^{}]+)\}", lambda m, cells=cells: cells[m[1]] or "", target)  # type: ignore[misc]
            if re.search(r"\{[^{}]+\}", name):
                raise SearchError(f"eval: the field name '{target}' never ends: it becomes '{name}'")
            names.append(name)
    which = pl.Series(names, dtype=pl.String)
    column = value.stretch(frame.height)
    for name in which.unique(maintain_order=True).drop_nulls():
        chosen = (which == name).fill_null(False)
        frame = frame.with_columns(_where(chosen, column, frame[name] if name in frame.columns else None).alias(name))
    return frame


def _where(chosen: pl.Series, new: pl.Series, old: pl.Series | None) -> pl.Series:
    if old is None:
        return pick(chosen, new)
    if MULTIVALUE in (new.dtype, old.dtype):
        new, old = values_of(new), values_of(old)
    elif new.dtype != old.dtype:
        new, old = render(new), render(old)
    return pick(chosen, new, old)


@command("fieldformat")
def fieldformat(table: Table, cmd: Command, ctx: Context) -> Table:
    """Remember how a field is shown; the values that later commands see stay as they are."""
    ctx.formats.extend(_assignments(cmd, ctx))
    return table

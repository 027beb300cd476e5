"""A call of an eval function as the function sees it: the rows, the running search, and its arguments when asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.values import Returns, Value, by_row, calculate
from caltrop.spl.ast import Call, Node


@dataclass(slots=True)
class Scope:
    """What an expression sees: the rows, the running search, and names bound by mvmap, mvfilter or foreach."""

    frame: pl.DataFrame
    ctx: Context
    bound: Mapping[str, Value] = field(default_factory=dict)
    fields: dict[str, Value] = field(
        default_factory=dict
    )  # columns already wrapped, so that their numbers are parsed once

    @property
    def height(self) -> int:
        return self.frame.height

    def field(self, name: str) -> Value:
        if name in self.bound:
            return self.bound[name]
        if name not in self.fields:
            self.fields[name] = (
                Value(self.frame.get_column(name)) if name in self.frame.columns else Value(_MISSING, constant=True)
            )
        return self.fields[name]

    def over(self, frame: pl.DataFrame, bound: Mapping[str, Value]) -> Scope:
        return Scope(frame, self.ctx, bound)


_MISSING = pl.Series([None], dtype=pl.String)


@dataclass(slots=True)
class Invocation:
    """One call of an eval function: the nodes as written, and their values when asked for."""

    node: Call
    scope: Scope
    evaluate: Callable[[Node, Scope], Value]
    _args: list[Value] | None = None

    @property
    def args(self) -> list[Value]:
        if self._args is None:
            self._args = [self.evaluate(arg, self.scope) for arg in self.node.args]
        return self._args

    @property
    def ctx(self) -> Context:
        return self.scope.ctx

    def condition(self, index: int) -> Value:
        """The argument as a condition; anything that is known not to be Boolean is refused."""
        name = self.node.name
        return as_condition(self.args[index], self.node.args[index], f"the {name} function", invalid_arguments(name))

    def fixed(self, index: int, default: Any = None) -> Any:
        """The text of an argument that must be the same for every row (a format, a flag); default when not given."""
        if index >= len(self.node.args):
            return default
        value = self.args[index]
        if not value.constant:
            raise self.error("must be a literal", index)
        return value.text().scalar()

    def rows(
        self, given: Value, kind: Returns, dtype: pl.DataType | type[pl.DataType], compute: Callable[..., Any],
        *values: Value, otherwise: Callable[..., Any] = lambda *_: None,
    ) -> Value:  # fmt: skip
        """`values.by_row`. Where `given` (a pattern, a format, a base) comes from a field, one that cannot be read is that row's
        alone: its result is `otherwise` of the row, and the search says so once. A literal is an error, as ever."""
        if given.constant:
            return by_row(kind, dtype, compute, *values)
        said = False

        def row(*cells: Any) -> Any:
            nonlocal said
            try:
                return compute(*cells)
            except (SearchError, ValueError, OverflowError) as error:
                if not said:
                    what = error.message if isinstance(error, SearchError) else str(error)
                    self.ctx.warn(f"{self.node.name} function: rows are passed over: {what}")
                    said = True
                return otherwise(*cells)

        return by_row(kind, dtype, row, *values)

    def error(self, what: str, index: int | None = None) -> SearchError:
        place = self.node if index is None else self.node.args[index]
        which = "" if index is None else f"argument {index + 1} "
        return SearchError(
            f"{self.node.name} function: {which}{what}", node=place, says=invalid_arguments(self.node.name)
        )

    def refuse(self, *kinds: Returns, at: int = 0) -> None:
        """Refuse an argument of these static types, as Splunk does before any row is read."""
        if at < len(self.args) and (kind := self.args[at].kind) in kinds:
            raise self.error(f"must not be {_ARTICLES[kind]}", at)


_ARTICLES: dict[Returns, str] = {"number": "a number", "string": "a string", "bool": "a Boolean", "null": "null()"}


def invalid_arguments(name: str) -> str:
    """What splunkd says of any argument that a function cannot take."""
    return f"The arguments to the '{name}' function are invalid."


def as_condition(value: Value, node: Node, where: str, says: str) -> Value:
    """The value as a Boolean; `where` it stands for our own words, `says` is splunkd's sentence when it is none."""
    if value.column.dtype == pl.Boolean:
        return value
    if value.kind in ("any", "null"):
        # A field is never Boolean: at most it holds the words.
        return calculate("bool", lambda x: _truth(x), value.text())
    raise SearchError(f"{where} needs a Boolean (a condition), not a {value.kind}", node=node, says=says)


def _truth(text: pl.Expr) -> pl.Expr:
    word = text.str.to_lowercase()
    return pl.when(word.is_in(["true", "1"])).then(True).when(word.is_in(["false", "0"])).then(False)

"""A column's name is a name: Polars reads one that begins with ^ and ends in $ as a pattern over the names of a frame.

Names of fields come from data (a key of JSON, the values that `chart` makes columns of), and a regular expression is such a value.
Every operation on a column asks for it by its name, so that with such a name each of them fails or takes other columns too. Nobody
here selects columns by patterns; `pl.col("*")` keeps its meaning, which is `pl.all()`.
"""

from __future__ import annotations

import importlib
from typing import Any

import polars as pl
import polars.selectors as cs

_COLUMN: Any = importlib.import_module("polars.functions.col")  # `polars.functions.col` as an attribute is the function
_SELECTOR: Any = getattr(cs, "Selector", None)
_MARK = "names_are_names"


def take_names_literally() -> None:
    """Have `pl.col("^a$")`, `frame.drop("^a$")` and whatever Polars builds on them mean the column of that name.

    Once a process; again does nothing. A Polars whose own parts are called otherwise is left as it is: such names fail there then.
    """
    create = getattr(_COLUMN, "_create_col", None)
    if create is None or getattr(create, _MARK, False):
        return
    _COLUMN._create_col = _literal_column(create)
    if hasattr(_SELECTOR, "_by_name"):  # lists of names, since Polars 1.32
        _SELECTOR._by_name = staticmethod(_literal_names(_SELECTOR._by_name))


def _literal_column(plain: Any) -> Any:
    def column(name: Any, *more: Any) -> pl.Expr:
        if not more and isinstance(name, str) and name[:1] == "^" and name[-1:] == "$":
            return cs.by_name(name).as_expr()
        made: pl.Expr = plain(name, *more)
        return made

    setattr(column, _MARK, True)
    return column


def _literal_names(plain: Any) -> Any:
    def by_name(names: list[str], *, strict: bool = True, expand_patterns: bool = False) -> Any:
        return plain(names, strict=strict, expand_patterns=False)

    return by_name

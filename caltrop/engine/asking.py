"""A running search as the one that asks knowledge: expressions of knowledge objects are evaluated with its clock, its time
zone and its limits, and what does not work is told to it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import render
from caltrop.knowledge import Knowledge, Lookup
from caltrop.knowledge.asking import Asker, Met
from caltrop.spl import parse_eval, parse_search


def knowledge(ctx: Context) -> Knowledge:
    """What the search's app and user see."""
    return ctx.instance.knowledge(ctx.app, ctx.user)


def asker(ctx: Context) -> Asker:
    """The search of `ctx`, for knowledge; what it meets is not told to the job until `tell`."""

    def evaluate(text: str, frame: pl.DataFrame) -> pl.Series:
        try:
            return render(ctx.engine.evaluate(_expression(text), frame, ctx))
        except pl.exceptions.PolarsError as error:
            raise SearchError(str(error).partition("\n")[0]) from error

    def matches(text: str, frame: pl.DataFrame) -> pl.Series:
        try:
            return ctx.engine.matches(_search(ctx.engine.expand(text, ctx) if "`" in text else text), frame, ctx)
        except pl.exceptions.PolarsError as error:
            raise SearchError(str(error).partition("\n")[0]) from error

    return Asker(evaluate, matches, ctx.lookups)


def tell(found: Iterable[Met], ctx: Context) -> None:
    """One warning of the job for each fault that was met."""
    for met in found:
        ctx.warn(str(met.fault))


def lookup(name: str, ctx: Context) -> Lookup | None:
    """A lookup by name, as the search sees it; raises `LookupFailure` for one that is defined and cannot work here."""
    return knowledge(ctx).lookup(name, asker(ctx))


_expression = lru_cache(maxsize=4096)(parse_eval)
_search = lru_cache(maxsize=4096)(parse_search)

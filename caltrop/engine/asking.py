"""A running search as the one that asks knowledge: expressions of knowledge objects are evaluated with its clock, its time
zone and its limits, and what does not work is told to it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from functools import lru_cache

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import render
from caltrop.engine.terms import Terms, in_order
from caltrop.knowledge import Knowledge, Lookup
from caltrop.knowledge.asking import Asker, Met
from caltrop.spl import parse_eval, parse_search
from caltrop.spl.ast import Node, Subsearch, is_time_modifier


def knowledge(ctx: Context) -> Knowledge:
    """What the search's app and user see."""
    return ctx.instance.knowledge(ctx.app, ctx.user)


def fingerprint(ctx: Context) -> str:
    """The state of that knowledge, as of this search and the last change of the configuration."""
    return _marked(ctx, "fingerprint", lambda known: known.fingerprint)


def lookup_marks(tables: Iterable[str], ctx: Context, *, everything: bool) -> str:
    """Changes when the rows of one of these lookups (of any, where `everything` is read) change, as of this search."""
    key = tuple(tables), everything
    return _marked(ctx, key, lambda known: known.lookup_marks(key[0], everything=everything))


def _marked(ctx: Context, what: Hashable, ask: Callable[[Knowledge], str]) -> str:
    key = (ctx.app, ctx.user, ctx.instance.config.generation, what)
    if key not in ctx.marks:
        ctx.marks[key] = ask(knowledge(ctx))
    return ctx.marks[key]


def asker(ctx: Context) -> Asker:
    """The search of `ctx`, for knowledge; what it meets is not told to the job until `tell`."""

    def evaluate(text: str, frame: pl.DataFrame) -> pl.Series:
        try:
            return render(ctx.engine.evaluate(_expression(text), frame, ctx))
        except pl.exceptions.PolarsError as error:
            raise SearchError(str(error).partition("\n")[0]) from error

    looked_at: list[Terms] = []  # the frames asked about last, with the terms tested on them

    def terms(frame: pl.DataFrame) -> Terms:
        found = next((known for known in looked_at if known.frame is frame), None) or Terms(frame)
        looked_at[:] = [found, *(known for known in looked_at if known is not found)][:2]
        return found

    def matches(text: str, frame: pl.DataFrame) -> pl.Series:
        try:
            node, alone = _search(ctx.engine.expand(text, ctx) if "`" in text else text)
            return terms(frame).matches(node) if alone else ctx.engine.matches(node, frame, ctx)
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


@lru_cache(maxsize=4096)
def _search(text: str) -> tuple[Node, bool]:
    """The expression, and whether it means the same to every search: without subsearches and times."""
    node = in_order(parse_search(text))
    return node, not any(isinstance(item, Subsearch) or is_time_modifier(item) for item in node.walk())

"""Subsearches: run, then written into the outer search as text would be (Search Manual: about subsearches; format, return)."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.table import Table, render
from caltrop.knowledge.limits import SUBSEARCH_DEPTH, SUBSEARCH_MAXOUT, SUBSEARCH_MAXTIME, Limit
from caltrop.spl import SplError, parse, parse_eval, parse_search, unparse
from caltrop.spl.ast import And, Command, Comparison, FieldName, Keyword, Membership, Node, Not, Or, Subsearch, Word

MAX_DEPTH = 20  # of searches that call each other
STANDARD = -1  # as many results as limits.conf says


def run(
    node: Subsearch, ctx: Context, *, limit: int | None = STANDARD, maxtime: Limit | int = SUBSEARCH_MAXTIME
) -> Table:
    """The rows of a subsearch, at most `limit` of them.

    Time ends no subsearch here, so that results do not depend on the machine; that Splunk would have ended it is said.
    """
    began = time.monotonic()
    deepest = min(MAX_DEPTH, ctx.limit(SUBSEARCH_DEPTH))
    with _inside(ctx, node, "subsearches are nested", ctx.earliest, ctx.latest, deepest):
        table = ctx.engine.run(node.pipeline, ctx)
    seconds = maxtime if isinstance(maxtime, int) else ctx.limit(maxtime)
    if seconds and time.monotonic() - began > seconds:
        ctx.warn(f"a subsearch took longer than {seconds} s: Splunk ends it then, with the results that it has")
    if limit == STANDARD:
        limit = ctx.limit(SUBSEARCH_MAXOUT)
    if limit is not None and len(table) > limit:
        ctx.warn(f"a subsearch gave {len(table)} results and was cut to {limit}")
        table = table.with_frame(table.frame.head(limit))
    return table


def nested(text: str, ctx: Context, node: Node, earliest: float | None, latest: float | None) -> Table:
    """Run search text inside this search, over a time range of its own; calls that never end are cut."""
    with _inside(ctx, node, "searches call each other", earliest, latest, MAX_DEPTH):
        return ctx.engine.run_text(text, ctx)


@contextmanager
def _inside(
    ctx: Context, node: Node, what: str, earliest: float | None, latest: float | None, deepest: int
) -> Iterator[None]:
    """One level deeper, over a time range; whatever happens, the search around it has its own again afterwards."""
    if ctx.depth >= deepest:
        raise SearchError(f"{what} deeper than {deepest}", node=node)
    before = ctx.earliest, ctx.latest, ctx.depth
    ctx.earliest, ctx.latest, ctx.depth = earliest, latest, ctx.depth + 1
    try:
        yield
    finally:
        ctx.searched.pop(ctx.depth, None)  # the next search at this depth has its own
        ctx.earliest, ctx.latest, ctx.depth = before


def resolve(node: Node, ctx: Context) -> Node:
    """The search expression with every subsearch replaced by the conditions that its results stand for."""
    if isinstance(node, Subsearch):
        return conditions(run(node, ctx))
    if isinstance(node, And):
        return And(tuple(resolve(item, ctx) for item in node.items), span=node.span)
    if isinstance(node, Or):
        return Or(tuple(resolve(item, ctx) for item in node.items), span=node.span)
    if isinstance(node, Not):
        return Not(resolve(node.operand, ctx), span=node.span)
    if isinstance(node, Comparison) and isinstance(node.value, Subsearch):
        return Comparison(node.field, node.op, Word(plain_text(node.value, ctx)), span=node.span)
    if isinstance(node, Membership) and any(isinstance(v, Subsearch) for v in node.values):
        listed = (_listed(v, ctx) if isinstance(v, Subsearch) else (v,) for v in node.values)
        return Membership(node.field, tuple(value for values in listed for value in values), span=node.span)
    return node


def _listed(node: Subsearch, ctx: Context) -> tuple[Node, ...]:
    """The values that a subsearch inside IN ( ) stands for: its text is read as the list would be."""
    text = plain_text(node, ctx)
    try:
        read = parse_search(f"x IN ({text})")
    except SplError:
        return (Word(text),)
    return read.values if isinstance(read, Membership) else (Word(text),)


def conditions(table: Table) -> Node:
    """( (a=1 AND b=2) OR (…) ) of the visible fields; fields named search or query are written in as they are.

    No rows match nothing, as `NOT ( )` is written for them.
    """
    names = [name for name in table.fields if not name.startswith("_")]
    columns = {name: render(table.frame.get_column(name)).to_list() for name in names}
    rows: list[Node] = []
    for i in range(len(table)):
        row = And(tuple(_one(name, columns[name][i]) for name in names if columns[name][i] is not None))
        if row.items:
            rows.append(row.items[0] if len(row.items) == 1 else row)
    if not rows:
        return Or(())
    return rows[0] if len(rows) == 1 else Or(tuple(rows))


def _one(name: str, value: str | list[str]) -> Node:
    values = value if isinstance(value, list) else [value]
    if name in ("search", "query"):
        terms: list[Node] = [parse_search(text) for text in values if text.strip()]
    else:
        terms = [Comparison(FieldName(name), "=", Word(text, quoted=True)) for text in values]
    if not terms:
        return Keyword("*")
    return terms[0] if len(terms) == 1 else Or(tuple(terms))


def plain_text(node: Subsearch, ctx: Context) -> str:
    """What `return $field` (or format) leaves: the text of the field named search, else of the only visible field."""
    table = run(node, ctx)
    visible = [name for name in table.fields if not name.startswith("_")]
    name = "search" if "search" in visible else (visible[0] if len(visible) == 1 else None)
    if name is None or not len(table):
        raise SearchError("the subsearch gives no text to write here", node=node, hint="end it with '| return $field'")
    value = render(table.frame.get_column(name)).to_list()[0]
    return " ".join(value) if isinstance(value, list) else (value or "")


def written_in(command: Command, ctx: Context) -> Command:
    """The command with the text of each of its subsearches in place, and read only then."""
    pieces = [plain_text(part, ctx) if isinstance(part, Subsearch) else unparse(part) for part in command.parts]
    text = " ".join([command.name, *pieces])
    try:
        read = parse(text, implicit_search=False).commands
    except SplError as error:
        raise SearchError(
            f"with what its subsearch gives, the command is {text!r}: {error.message}", node=command, hint=error.hint
        ) from error
    if len(read) != 1 or not isinstance(read[0], Command):
        raise SearchError(f"with what its subsearch gives, the command is {text!r}, which is several", node=command)
    return read[0]


def as_expression(node: Subsearch, ctx: Context) -> Node:
    """A subsearch inside an eval expression: its text, parsed as an expression."""
    return parse_eval(plain_text(node, ctx))

"""transaction (Search Reference, "transaction"): options, and the fields of the grouped events.

Result rows come newest first by the time of their earliest event; lists (mvlist) are in the order of time.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import polars as pl

from caltrop.dialect.spans import parse_span
from caltrop.dialect.words import option_truth
from caltrop.engine import budget
from caltrop.engine.aggregate.arguments import flag, gathered, name_of, text, whole
from caltrop.engine.aggregate.transactionruns import Groups, runs, united
from caltrop.engine.aggregate.transactions import Event, Rules, group
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, concat, numeric, render, values_of
from caltrop.knowledge.limits import OPEN_EVENTS, OPEN_TRANSACTIONS
from caltrop.spl import parse, parse_search
from caltrop.spl.ast import Call, Command, FieldName, Node, NodeOption, Option
from caltrop.spl.commands import declaration_of

NUMBER, TIME = "\x00number", "_time"
# Of these the earliest event's value stands for all.
_EARLIEST = ("_time", "_indextime", "_serial", "_cd", "date_year", "date_month", "date_mday", "date_wday", "date_hour", "date_minute",
             "date_second", "date_zone", "timestartpos", "timeendpos")  # fmt: skip
_MADE = ("duration", "eventcount", "closed_txn", "field_match_sum", "linecount")
_LIMITS = ("maxspan", "maxpause", "maxevents", "startswith")  # what closes a transaction


@command("transaction")
def transaction(table: Table, cmd: Command, ctx: Context) -> Table:
    """One row a group of events, with duration, eventcount and the values of all their fields."""
    cmd = gathered(cmd)
    if cmd.option("name") is not None:
        cmd = _typed(cmd, ctx)
    if TIME not in table:
        if len(table) == 0:
            return table
        raise SearchError("transaction needs events with _time", node=cmd)
    fields = [name for part in cmd.parts if (name := name_of(part)) is not None]
    fields += text(cmd, "fields", "").replace(",", " ").split()
    rules = _rules(cmd, fields, ctx)
    frame = table.frame.with_columns(numeric(table.frame.get_column(TIME)).alias(TIME))
    timeless = frame.filter(pl.col(TIME).is_null())
    frame = frame.filter(pl.col(TIME).is_not_null()).sort(TIME, descending=True, maintain_order=True)
    found, orphans = _grouped(frame, fields, rules, cmd, ctx)
    shown = found if flag(cmd, "keepevicted", False) or not rules.closing else found.complete()
    result = [table.with_frame(_merged(frame, shown, cmd))]
    if flag(cmd, "keeporphans", False):
        loose = pl.concat([frame[orphans], timeless])
        result.append(table.with_frame(loose.with_columns(pl.lit("1").alias("_txn_orphan"))))
    delimiter = cmd.option("delim")
    if delimiter is not None:  # what nomv will join the fields with
        ctx.delimiters.update(dict.fromkeys(table.fields, str(delimiter)))
    both = concat(result).frame if len(result) > 1 else result[0].frame
    return table.with_frame(both.sort(TIME, descending=True, maintain_order=True, nulls_last=True))


def _typed(cmd: Command, ctx: Context) -> Command:
    """The options of a type of transactiontypes.conf, with those of the search in front of them."""
    name = text(cmd, "name", "")
    stanza = ctx.instance.config.stanza("transactiontypes", name, ctx.app, ctx.user)
    if stanza is None:
        raise SearchError(f"no transaction type {name!r}", node=cmd, hint="Define it in transactiontypes.conf.")
    written = {part.name for part in cmd.parts if isinstance(part, Option | NodeOption)}
    known = declaration_of("transaction").options
    options = [
        f"{key}={value}" for key, value in stanza.values().items() if key in known and key not in (*written, "fields")
    ]
    given = parse("| transaction " + " ".join(options)).commands[0]
    assert isinstance(given, Command)
    fields = (
        [] if any(name_of(part) for part in cmd.parts) else stanza.get("fields").strip('"').replace(",", " ").split()
    )
    return replace(cmd, parts=(*cmd.parts, *given.parts, *(FieldName(field) for field in fields)))


def _rules(cmd: Command, fields: Sequence[str], ctx: Context) -> Rules:
    written = {part.name for part in cmd.parts if isinstance(part, Option | NodeOption)}
    return Rules(
        maxspan=_seconds(cmd, "maxspan"),
        maxpause=_seconds(cmd, "maxpause"),
        maxevents=whole(cmd, "maxevents", 1000, minimum=-1),
        starts="startswith" in written,
        ends="endswith" in written,
        connected=flag(cmd, "connected", True),
        unifyends=flag(cmd, "unifyends", flag(cmd, "connected", True)),
        maxopentxn=whole(cmd, "maxopentxn", ctx.limit(OPEN_TRANSACTIONS), minimum=-1),
        maxopenevents=whole(cmd, "maxopenevents", ctx.limit(OPEN_EVENTS), minimum=-1),
        closing=any(name in written for name in _LIMITS),
        fields=bool(fields),
    )


def _seconds(cmd: Command, name: str) -> float:
    written = text(cmd, name, "-1")
    if written.lstrip("-").isdigit():
        return float(written)
    span = parse_span(written)
    if span is None or span.seconds is None:
        raise SearchError(
            f"{name}={written} is no length of time", node=cmd, hint="Write one such as 30s, 5m, 1h or 1d."
        )
    return span.seconds


def _boundary(cmd: Command, name: str, frame: pl.DataFrame, ctx: Context) -> pl.Series:
    """For each row, whether it matches startswith or endswith: a search expression, or eval(…)."""
    condition: Node | None = None
    for part in cmd.parts:
        if isinstance(part, NodeOption) and part.name == name:
            condition = part.value
        elif isinstance(part, Option) and part.name == name:
            condition = parse_search(str(part.value))
    if condition is None:
        return pl.Series([False], dtype=pl.Boolean).new_from_index(0, frame.height)
    if isinstance(condition, Call) and condition.name == "eval" and len(condition.args) == 1:
        return ctx.engine.evaluate(condition.args[0], frame, ctx).cast(pl.Boolean).fill_null(False)
    return ctx.engine.matches(condition, frame, ctx)


def _grouped(
    frame: pl.DataFrame, fields: Sequence[str], rules: Rules, cmd: Command, ctx: Context
) -> tuple[Groups, pl.Series]:
    """The transactions of events, newest first, and the rows that belong to none."""
    starts, ends = _boundary(cmd, "startswith", frame, ctx), _boundary(cmd, "endswith", frame, ctx)
    times = frame.get_column(TIME)
    columns = [_values(frame, name) for name in fields]
    texts = all(column.dtype == pl.String for column in columns)
    key = united(pl.DataFrame(columns)) if texts and len(set(fields)) == len(fields) else None
    width = len(fields)
    if key is not None:
        columns = [key]
    if key is not None or not fields:
        found = runs(key, times, starts, ends, rules)
        if found is not None:
            return found[0].matching(width), found[1]
    transactions, loose = group(_events(times, columns, starts, ends), rules)
    return Groups.of(transactions).matching(1 if key is None else width), pl.Series("row", loose, dtype=pl.UInt32)


def _values(frame: pl.DataFrame, name: str) -> pl.Series:
    """The values of a field to unite by: texts, or lists of them."""
    if name not in frame.columns:
        return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)
    return render(frame.get_column(name))


def _events(times: pl.Series, columns: Sequence[pl.Series], starts: pl.Series, ends: pl.Series) -> Iterator[Event]:
    nothing: frozenset[str] = frozenset()
    values = []
    for column in columns:
        if column.dtype == MULTIVALUE:
            values.append([nothing if v is None else frozenset(v) for v in column.to_list()])
        else:
            values.append([nothing if v is None else frozenset((v,)) for v in column.to_list()])
    rows = zip(times.to_list(), starts.to_list(), ends.to_list(), strict=True)
    for row, (time, start, end) in enumerate(budget.steps(list(rows))):
        yield Event(row, time, tuple(column[row] for column in values), start, end)


def _merged(frame: pl.DataFrame, found: Groups, cmd: Command) -> pl.DataFrame:
    """One row a transaction: every field with its values, and the facts of the transaction."""
    lists, all_lists = _list_fields(cmd)
    nullstr = text(cmd, "nullstr", "NULL")
    counted = pl.int_range(len(found.sizes), dtype=pl.Int64, eager=True)
    work = frame[found.rows].with_columns(
        pl.select(pl.lit(counted).repeat_by(found.sizes).explode().alias(NUMBER)).to_series()
    )
    grouped = []
    for name in frame.columns:
        column = frame.get_column(name)
        if name in _EARLIEST:
            grouped.append(pl.col(name).first())
            continue
        if name == "_raw":
            raw = pl.col(name).drop_nulls()
            grouped.append(raw if flag(cmd, "mvraw", False) else raw.str.join("\n"))
            continue
        if column.dtype != MULTIVALUE:
            work = work.with_columns(render(work.get_column(name)))
        values = pl.col(name).explode() if column.dtype == MULTIVALUE else pl.col(name)
        listed = name in lists or (all_lists and not name.startswith("_"))
        grouped.append(values.fill_null(nullstr) if listed else values.drop_nulls().unique().sort())
    merged = work.group_by(NUMBER, maintain_order=True).agg(grouped).drop(NUMBER)
    merged = merged.with_columns(_plain(merged.get_column(c)) for c, t in merged.schema.items() if t == MULTIVALUE)
    made = [
        (found.newest - found.oldest).alias("duration"),
        found.sizes.alias("eventcount"),
        found.closed.cast(pl.Int64).alias("closed_txn"),
        found.matches.alias("field_match_sum"),
    ]
    if "_raw" in frame.columns:
        lines = values_of(merged.get_column("_raw")).list.join("\n").str.count_matches("\n") + 1
        made.append(lines.cast(pl.Int64).alias("linecount"))
    return merged.with_columns(made)


def _list_fields(cmd: Command) -> tuple[set[str], bool]:
    """mvlist=true, or the fields of mvlist=a,b."""
    written = text(cmd, "mvlist", "false")
    known = option_truth(written)
    return (set(written.replace(",", " ").split()), False) if known is None else (set(), known)


def _plain(column: pl.Series) -> pl.Series:
    """A column of text when no cell holds several values; empty lists become missing."""
    lengths = column.list.len()
    if (lengths > 1).any():
        return pl.select(pl.when(lengths > 0).then(column)).to_series().alias(column.name)
    return column.list.first()

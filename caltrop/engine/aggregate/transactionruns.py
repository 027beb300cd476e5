"""The groups of `transaction` as columns, and the common forms of it done on whole columns.

Where every event has all fields to unite by, or none, with one value each, events of different values never meet: a transaction is
a run of the events of one value. `transactions.group` is the judge of what a run is, and does all other forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from caltrop.engine.aggregate.transactions import Rules, Transaction


@dataclass(frozen=True, slots=True)
class Groups:
    """Transactions in the order in which they were finished. `rows` are the events of each, the earliest first, one transaction
    behind the other; the rest has one value a transaction."""

    rows: pl.Series
    sizes: pl.Series
    newest: pl.Series  # epoch seconds
    oldest: pl.Series
    closed: pl.Series
    matches: pl.Series  # values of events that are among the fields to unite by

    def matching(self, fields: int) -> Groups:
        """Where the key stands for so many fields."""
        return replace(self, matches=self.matches * fields)

    def complete(self) -> Groups:
        """Those that are closed: what is shown without keepevicted, where something could close one."""
        rows = self.rows.filter(pl.select(pl.lit(self.closed).repeat_by(self.sizes).explode()).to_series())
        columns = (c.filter(self.closed) for c in (self.sizes, self.newest, self.oldest, self.closed, self.matches))
        return Groups(rows, *columns)

    @staticmethod
    def of(found: Sequence[Transaction]) -> Groups:
        return Groups(
            pl.Series("rows", [row for t in found for row in reversed(t.rows)], dtype=pl.UInt32),
            pl.Series("sizes", [len(t.rows) for t in found], dtype=pl.Int64),
            pl.Series("newest", [t.newest for t in found], dtype=pl.Float64),
            pl.Series("oldest", [t.oldest for t in found], dtype=pl.Float64),
            pl.Series("closed", [t.closed for t in found], dtype=pl.Boolean),
            pl.Series("matches", [t.matches for t in found], dtype=pl.Int64),
        )


def united(keys: pl.DataFrame) -> pl.Series | None:
    """The fields to unite by (a text each) as one text, where every event has all of them, or none (null): events of different
    texts never meet then. None where some have some of them only."""
    if keys.width < 2:
        return keys.to_series() if keys.width else None
    null = pl.all().is_null()
    partly = keys.select(pl.any_horizontal(null) & ~pl.all_horizontal(null)).to_series()
    if partly.any():
        return None
    parts = [part for name in keys.columns for part in (pl.col(name).str.len_bytes(), pl.lit(":"), pl.col(name))]
    return keys.select(pl.concat_str(parts).alias("key")).to_series()


def runs(
    key: pl.Series | None, times: pl.Series, starts: pl.Series, ends: pl.Series, rules: Rules
) -> tuple[Groups, pl.Series] | None:
    """Transactions of events that come newest first, and the rows that belong to none (UInt32): what `transactions.group` finds.

    `key` is the one text to unite by, None where all events may be united. None where a run does not say what a transaction is:
    events without key that may join any, or more open ones than there may be.
    """
    height = len(times)
    work = pl.DataFrame(
        {"row": pl.int_range(height, dtype=pl.UInt32, eager=True), "time": times, "starts": starts, "ends": ends}
    )
    orphans = pl.Series("row", [], dtype=pl.UInt32)
    if key is None:
        work = work.with_columns(pl.lit(0, dtype=pl.UInt32).alias("key"))
    else:
        work = work.with_columns(key.alias("key"))
        if key.null_count():
            if not rules.unifyends and (starts | ends).any():
                return None
            orphans = work.filter(pl.col("key").is_null()).get_column("row")
            work = work.filter(pl.col("key").is_not_null())
        work = work.group_by("key", maintain_order=True).agg("row", "time", "starts", "ends").drop("key")
        work = work.with_row_index("key").explode("row", "time", "starts", "ends")
    work = work.with_columns(_begins(work, rules).cum_sum().alias("run"))
    grouped = work.group_by("run", maintain_order=True).agg(
        pl.col("row").first().alias("first"),
        pl.col("row").last().alias("last"),
        pl.col("row").reverse().alias("rows"),
        pl.len().cast(pl.Int64).alias("sizes"),
        pl.col("time").first().alias("newest"),
        pl.col("time").last().alias("oldest"),
        pl.col("ends").first().alias("has_end"),
        pl.col("starts").last().alias("has_start"),
        pl.col("key").first(),
    )
    full = pl.col("sizes") >= rules.maxevents if rules.maxevents > 0 else pl.lit(False)
    by_itself = pl.col("has_start") | full
    following = pl.when(pl.col("key") == pl.col("key").shift(-1)).then(pl.col("first").shift(-1))
    # The step that finished it: its own last event, the next event of its key, or the end, where the one used longest ago goes first.
    grouped = grouped.with_columns(
        by_itself.alias("itself"),
        pl.when(by_itself).then(pl.col("last")).otherwise(following).fill_null(height).cast(pl.UInt32).alias("step"),
    )
    if _overflows(grouped, rules, height):
        return None
    grouped = grouped.sort("step", "itself", "last", maintain_order=True)
    complete = (pl.col("has_start") | (not rules.starts)) & (pl.col("has_end") | (not rules.ends))
    grouped = grouped.with_columns(
        (complete & rules.closing).alias("closed"), (pl.col("sizes") * (key is not None)).alias("matches")
    )
    rows = grouped.get_column("rows").explode().cast(pl.UInt32) if grouped.height else orphans.clear()
    columns = (grouped.get_column(name) for name in ("sizes", "newest", "oldest", "closed", "matches"))
    return Groups(rows, *columns), orphans


def _begins(work: pl.DataFrame, rules: Rules) -> pl.Series:
    """Whether a transaction begins with the event, of the events of one key after another's."""
    before = pl.col("time").shift(1)
    begins = (pl.col("key") != pl.col("key").shift(1)) | pl.col("starts").shift(1)
    if rules.ends:
        begins = begins | pl.col("ends")
    if rules.maxpause >= 0:
        begins = begins | (before - pl.col("time") > rules.maxpause)
    found = work.select(begins.fill_null(True)).to_series()
    if rules.maxspan < 0 and rules.maxevents <= 0:
        return found
    run = work.select("time", found.cum_sum().alias("run"))
    newest = pl.col("time").first().over("run")
    long = pl.lit(False)
    if rules.maxspan >= 0:
        long = long | (newest - pl.col("time") > rules.maxspan)
    if rules.maxevents > 0:
        long = long | (pl.int_range(pl.len()).over("run") >= rules.maxevents)
    some = run.select(long.any().over("run")).to_series()
    if not some.any():
        return found
    # Where the next one begins depends on where this one did: these runs are gone through.
    places = some.arg_true()
    cut = _cut(run.get_column("time").gather(places).to_list(), found.gather(places).to_list(), rules)
    return found.scatter(places, pl.Series(cut, dtype=pl.Boolean))


def _cut(times: list[float], begins: list[bool], rules: Rules) -> list[bool]:
    span = rules.maxspan if rules.maxspan >= 0 else float("inf")
    most = rules.maxevents if rules.maxevents > 0 else len(times) + 1
    newest, count = 0.0, 0
    for place, time in enumerate(times):
        if begins[place] or count >= most or newest - time > span:
            begins[place], newest, count = True, time, 0
        count += 1
    return begins


def _overflows(grouped: pl.DataFrame, rules: Rules, height: int) -> bool:
    """Whether, behind some event, more transactions or events are open than may be: then the oldest are given up."""
    opened = grouped.select(pl.col("first").alias("at"), pl.lit(1, dtype=pl.Int64).alias("change"))
    ended = grouped.select(pl.col("step").alias("at"), pl.lit(-1, dtype=pl.Int64).alias("change"))
    if 0 < rules.maxopentxn < grouped.height and _most_open(opened, ended, height) > rules.maxopentxn:
        return True
    if not 0 < rules.maxopenevents < int(grouped.get_column("sizes").sum()):
        return False
    opened = grouped.select(pl.col("rows").explode().alias("at")).with_columns(
        pl.lit(1, dtype=pl.Int64).alias("change")
    )
    ended = grouped.select(pl.col("step").alias("at"), -pl.col("sizes").alias("change"))
    return _most_open(opened, ended, height) > rules.maxopenevents


def _most_open(opened: pl.DataFrame, ended: pl.DataFrame, height: int) -> int:
    """The highest sum of all changes up to a step, before the end."""
    changes = pl.concat([opened, ended]).filter(pl.col("at") < height).group_by("at").agg(pl.col("change").sum())
    return int(changes.sort("at").get_column("change").cum_sum().max() or 0)  # type: ignore[arg-type]

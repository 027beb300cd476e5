"""A compiled pattern and what can be done with it: whole columns at Rust's speed where Rust agrees with PCRE, else within limits.

Where the two could differ, rows or whole patterns take the slower way: texts that end in a newline under `$` or `(?m)^`, matches
that are read again out of their surroundings, repetitions of nothing. `tests/dialect` compares both ways with PCRE2 itself.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import polars as pl

from caltrop.dialect.patterns.limits import Bounded, MatchLimit, budget, check_length
from caltrop.dialect.patterns.reading import bounded, translated
from caltrop.dialect.patterns.replacement import Template
from caltrop.dialect.patterns.translate import NotRust, Translator

# Finding every match of a text takes time that grows with its square at worst; longer texts go where time is limited.
_LONG = 16_384
_TEXTS, _CHARACTERS = 16, 4_096  # of a column that is read one text after the other
_MOMENT = 0.01  # seconds for that
_SHORT = 16  # characters: a replacement that is no longer does not make texts much longer
_SAFE = 1 << 20  # bytes
_FEW = 256  # characters behind a match that a pattern counts, which is faster than to look at the whole rest of a text


@dataclass(frozen=True)
class Regex:
    """A compiled pattern. `rust` is None where only the backtracking engine can run it; `names` has one entry a group, and the
    same name twice where the pattern says so."""

    pattern: str
    rust: str | None
    names: tuple[str | None, ...]
    final_newline: bool
    fast_replace: bool
    fast_every: bool
    between: tuple[str, str] | None = (
        None  # the two texts that its one group lies between, where it is no more than that
    )

    @cached_property
    def bounded(self) -> Bounded:
        """The pattern on the engine that backtracks, for single texts."""
        return bounded(self.pattern)

    def matches(self, text: pl.Series) -> pl.Series:
        """Whether the pattern is found: Boolean, null where the text is null."""
        if self.rust is None:
            search = self.bounded.search
            return pl.Series(text.name, [None if t is None else search(t) is not None for t in text], pl.Boolean)
        found = text.str.contains(self.rust)
        rows = self._apart(text)
        return found if rows is None else found.scatter(rows, self._slow.matches(text.gather(rows)))

    def first(self, text: pl.Series) -> list[pl.Series]:
        """The groups of the first match, a String column each; null where the group or the pattern is absent."""
        if not self.names:
            return []
        if self.rust is None:
            search, none = self.bounded.search, (None,) * len(self.names)
            return self._columns([m.groups() if t is not None and (m := search(t)) else none for t in text])
        if self.between is not None:
            return [_between(text, *self.between).alias("1")]
        groups = text.str.extract_groups(self.rust).struct.unnest().get_columns()
        rows = self._apart(text)
        if rows is None:
            return groups
        others = self._slow.first(text.gather(rows))
        return [group.scatter(rows, other) for group, other in zip(groups, others, strict=True)]

    def every(
        self, text: pl.Series, having: str | None = None, most: int | None = None
    ) -> tuple[pl.Series, list[pl.Series]]:
        """All matches of all rows, or the first `most` of each: the row number (UInt32) of each match, ascending, and its groups.
        Matches in which `having` (a regular expression of Rust's) is not found may be left out."""
        if self.rust is None or not self.fast_every:
            return self._every(text, range(len(text)), most)
        if (of_few := self._every_of_few(text, most)) is not None:
            return of_few
        apart = self._apart(text, long=True)
        fast = text
        if apart is not None:
            kept = pl.Series([True]).new_from_index(0, len(text)).scatter(apart, False)
            fast = text.zip_with(kept, pl.Series([None], dtype=pl.String).new_from_index(0, len(text)))
        found = pl.DataFrame(
            {"row": pl.int_range(len(fast), dtype=pl.UInt32, eager=True), "match": fast.str.extract_all(self.rust)}
        )
        if most is not None:
            found = found.with_columns(pl.col("match").list.head(most))
        found = found.filter(pl.col("match").list.len() > 0).explode("match")
        if having is not None:
            found = found.filter(pl.col("match").str.contains(having))
        rows, groups = found["row"], self.first(found["match"])
        if apart is None:
            return rows, groups
        other_rows, others = self._every(text.gather(apart), apart.to_list(), most)
        order = pl.concat([rows, other_rows]).arg_sort()
        joined = [pl.concat([g, o.alias(g.name)]).gather(order) for g, o in zip(groups, others, strict=True)]
        return pl.concat([rows, other_rows]).gather(order), joined

    def _every_of_few(self, text: pl.Series, most: int | None) -> tuple[pl.Series, list[pl.Series]] | None:
        """The same one by one, which of few short texts takes a quarter of the time; None for others, and where that takes long."""
        if len(text) > _TEXTS or ((texts := text.to_list()) and sum(map(len, filter(None, texts))) > _CHARACTERS):
            return None
        try:
            with budget(_MOMENT):
                return self._every(text, range(len(text)), most)
        except MatchLimit:
            return None

    def after(self, text: pl.Series, most: int | None = None) -> pl.Series:
        """What follows the first match, at most so many characters of it: String, null where there is none."""
        if self.rust is None:
            found = [None if t is None else self.bounded.search(t) for t in text]
            return pl.Series(text.name, [m and m.string[m.end() :][:most] for m in found], pl.String)
        few = most is not None and most <= _FEW
        rest = text.str.extract(f"(?:{self.rust})((?s:.{f'{{0,{most}}}' if few else '*'}))", len(self.names) + 1)
        if most is not None and not few:
            rest = rest.str.head(most)
        rows = self._apart(text)
        return rest if rows is None else rest.scatter(rows, self._slow.after(text.gather(rows), most))

    def replace(self, text: pl.Series, template: Template, *, first: int = 1, limit: int = 0) -> pl.Series:
        """`limit` matches (0: all of them) from the `first` on replaced; null stays null, and a text on which the pattern
        exceeds its limit stays as it is where the search is lenient."""
        fast = self.rust is not None and first == 1 and (self.fast_replace or limit == 1) and limit < 2
        if not fast or self.rust is None or "\\K" in self.pattern:
            edit = self.bounded.replace
            rows: list[str | None] = []
            size = 0
            for t in text:
                made = None if t is None else edit(t, template, first, limit)
                size += len(made or "")
                check_length(0, size)
                rows.append(made)
            return pl.Series(text.name, rows, dtype=pl.String)
        spelled = "".join(
            p.replace("$", "$$") if isinstance(p, str) else f"${{{p}}}" if p <= len(self.names) else ""
            for p in template
        )
        if len(template) > 1 or any(len(p) > _SHORT for p in template if isinstance(p, str)):
            self._measure(text, template, every=limit == 0)
        changed = (text.str.replace_all if limit == 0 else text.str.replace)(self.rust, spelled)
        apart = self._apart(text, long=limit == 0)
        return (
            changed
            if apart is None
            else changed.scatter(apart, self._slow.replace(text.gather(apart), template, limit=limit))
        )

    def _measure(self, text: pl.Series, template: Template, *, every: bool) -> None:
        """Before texts are made that are much longer than they were: raises TooLong."""
        fixed = sum(len(p) for p in template if isinstance(p, str))
        groups = sum(not isinstance(p, str) for p in template)
        if int(text.estimated_size()) * (fixed + groups + 1) <= _SAFE:
            return
        lengths = text.str.len_bytes()
        assert self.rust is not None
        matches = text.str.count_matches(self.rust) if every else lengths.clip(0, 1)
        made = lengths.cast(pl.UInt64) * (groups + 1) + matches.cast(pl.UInt64) * fixed
        check_length(int(str(made.max() or 0)), int(made.sum()))

    def named(self, groups: Sequence[pl.Series]) -> dict[str, pl.Series]:
        """Columns by name, in the order of the pattern. Of groups with one name, the first that took part counts."""
        columns: dict[str, pl.Series] = {}
        for name, group in zip(self.names, groups, strict=True):
            if name and name in columns:
                columns[name] = columns[name].zip_with(columns[name].is_not_null(), group.alias(name))
            elif name:
                columns[name] = group.alias(name)
        return columns

    @cached_property
    def _slow(self) -> Regex:
        """The same pattern without the fast way."""
        slow = Regex(self.pattern, None, self.names, False, False, False)
        slow.__dict__["bounded"] = self.bounded
        return slow

    def _apart(self, text: pl.Series, long: bool = False) -> pl.Series | None:
        """Rows that Rust might read otherwise, or that might take it too long; None when there are none."""
        rows = None
        if self.final_newline:
            rows = text.str.ends_with("\n")
        if long:
            too_long = text.str.len_bytes() > _LONG
            rows = too_long if rows is None else rows | too_long
        return rows.fill_null(False).arg_true() if rows is not None and rows.any() else None

    def _every(self, text: pl.Series, numbers: Sequence[int], most: int | None) -> tuple[pl.Series, list[pl.Series]]:
        rows: list[int] = []
        groups: list[tuple[str | None, ...]] = []
        for number, value in zip(numbers, text, strict=True):
            if value is not None:
                for match in self.bounded.finditer(value, most or 0):
                    rows.append(number)
                    groups.append(match.groups())
        return pl.Series("row", rows, pl.UInt32), self._columns(groups)

    def _columns(self, rows: list[tuple[str | None, ...]]) -> list[pl.Series]:
        return [pl.Series(str(i + 1), [r[i] for r in rows], pl.String) for i in range(len(self.names))]


_GAP = re.compile(r"\(\?s\)([^\\^$.|?*+()\[\]{}]+)\((?:\?P?<\w+>)?\.\*\?\)([^\\^$.|?*+()\[\]{}]+)")


def _ends(pattern: str) -> tuple[str, str] | None:
    """`(?s)A(.*?)B` of two literals: its first match begins at the first A, and ends at the first B behind it."""
    found = _GAP.fullmatch(pattern)
    return (found[1], found[2]) if found else None


def _between(text: pl.Series, before: str, behind: str) -> pl.Series:
    """What lies between the two, without the state machine of a regular expression."""
    start = pl.col("text").str.find(before, literal=True) + len(before.encode())
    rest = text.to_frame("text").select(pl.when(start.is_not_null()).then(_bytes("text", start)).alias("rest"))
    end = pl.col("rest").str.find(behind, literal=True)
    return rest.select(pl.when(end.is_not_null()).then(_bytes("rest", pl.lit(0), end))).to_series()


def _bytes(name: str, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    """A part of a text, by places in bytes."""
    return pl.col(name).cast(pl.Binary).bin.slice(start, length).cast(pl.String)


@lru_cache(maxsize=4096)
def compile(pattern: str) -> Regex:
    """Translate and check a pattern; raises `RegexError` in PCRE2's words."""
    read = translated(pattern)
    rust: str | None
    try:
        fast = Translator(pattern, rust=True, known=read.known)
        rust = fast.run()
        pl.Series([""]).str.extract_all(rust)
    except (NotRust, pl.exceptions.PolarsError):
        rust = None
        read.run()
        fast = read
    regex = Regex(
        pattern,
        rust,
        tuple(read.known),
        final_newline=fast.final_newline and rust is not None,
        fast_replace=not (fast.nullable or fast.keeps),
        fast_every=not (fast.nullable or (fast.around and read.known)),
        between=_ends(pattern) if rust is not None and not fast.final_newline else None,
    )
    if rust is None:
        _ = regex.bounded
    return regex

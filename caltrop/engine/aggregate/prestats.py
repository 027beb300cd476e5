"""Partial results: what sistats, sitimechart, sichart, sitop, sirare and `tstats prestats=t` write, and how they are merged.

A row carries, for each aggregated field F, the parts that any later function over F needs, in columns named
`psrsvd_<part>_<F>`: ct count, nc count of numbers, sm sum, ss sum of squares, nn and nx smallest and largest number, sn and
sx the same of values that are no numbers, vm the map of values to counts, ls the list, fi and la first and last, ev/et and lv/lt earliest and latest
value and time. `psrsvd_gc` is the number of rows of the group and `psrsvd_v` the version, which marks such rows.
Merging rows is exact for every function, `list` beyond its limit and the order of lists apart.

Maps and lists are one text each, since a summary event is text: every item ends with ";", and what would not survive the
quotes of such an event (; % " \\ and line breaks) is written as in URLs.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

import polars as pl

from caltrop.engine.aggregate.functions import registry
from caltrop.engine.aggregate.inputs import Columns, Input
from caltrop.engine.aggregate.measures import Measure
from caltrop.engine.table import numeric, render

PREFIX = "psrsvd_"
VERSION, GROUP_COUNT = f"{PREFIX}v", f"{PREFIX}gc"


def is_prestats(frame: pl.DataFrame) -> bool:
    return VERSION in frame.columns


def fields(frame: pl.DataFrame) -> list[str]:
    """The fields whose parts the rows carry: what a wildcard of the merging search means."""
    found = (re.fullmatch(rf"{PREFIX}[a-z]{{2}}_(.+)", name, re.DOTALL) for name in frame.columns)
    return list(dict.fromkeys(match[1] for match in found if match))


def column_name(part: str, key: str) -> str:
    """The column of one part; nothing in it that an index would not read back as a field name."""
    return f"{PREFIX}{part}_" + re.sub(r"[^\w.]", "_", key)


# --- writing ----------------------------------------------------------------------------------------------------------


def _build(function: str) -> Callable[[Input], pl.Expr]:
    return registry[function].build


def _number_as_written(x: Input, *, largest: bool) -> pl.Expr:
    raw, number = x.aligned
    return raw.get(number.arg_max() if largest else number.arg_min(), null_on_oob=True)


def _other_texts(x: Input) -> pl.Expr:
    """The values that are no numbers."""
    raw, number = x.aligned
    return raw.cast(pl.String).filter(number.is_null() & raw.is_not_null())


_PARTS: dict[str, Callable[[Input], pl.Expr]] = {
    "ct": _build("count"),
    "nc": lambda x: x.numbers.len().cast(pl.Int64),
    "sm": _build("sum"),
    "ss": _build("sumsq"),
    "nn": lambda x: _number_as_written(x, largest=False),
    "nx": lambda x: _number_as_written(x, largest=True),
    "sn": lambda x: _other_texts(x).min(),
    "sx": lambda x: _other_texts(x).max(),
    "vm": lambda x: x.texts,
    "ls": _build("list"),
    "fi": _build("first"),
    "la": _build("last"),
    "ev": _build("earliest"),
    "et": _build("earliest_time"),
    "lv": _build("latest"),
    "lt": _build("latest_time"),
}


def parts(measures: Sequence[Measure], inputs: Callable[[Measure], Input]) -> list[tuple[str, pl.Expr]]:
    """The columns (name, reducer) that keep all that `measures` need."""
    out: dict[str, pl.Expr] = {GROUP_COUNT: pl.len().cast(pl.Int64)}
    for measure in measures:
        if measure.field.argument is None:
            continue
        x = inputs(measure)
        for part in measure.function.parts:
            out.setdefault(column_name(part, measure.key), _PARTS[part](x))
    return list(out.items())


def written(frame: pl.DataFrame) -> pl.DataFrame:
    """`frame` of reduced parts with maps and lists as text, and the version."""
    columns = []
    for name in frame.columns:
        column = frame.get_column(name)
        if name.startswith(f"{PREFIX}vm_"):
            column = _texts(
                column, lambda values: _join(part for v, n in Counter(values).items() for part in (v, str(n)))
            )
        elif name.startswith(f"{PREFIX}ls_"):
            column = _texts(column, _join)
        columns.append(render(column) if name.startswith(PREFIX) else column)
    return pl.DataFrame(columns).with_columns(pl.lit("1").alias(VERSION)) if columns else frame


def _texts(column: pl.Series, text: Callable[[list[str]], str]) -> pl.Series:
    return pl.Series(column.name, [text(v) if v else None for v in column.to_list()], dtype=pl.String)


# --- merging ----------------------------------------------------------------------------------------------------------


class Parts:
    """The parts of one measure as expressions over the working frame."""

    def __init__(self, key: str, frame: pl.DataFrame, columns: Columns) -> None:
        self.key, self.frame, self.columns = key, frame, columns

    def number(self, part: str) -> pl.Expr:
        return pl.col(self.columns.add(f"\x00p{part}\x00{self.key}", numeric(self._column(part))))

    def raw(self, part: str) -> pl.Expr:
        return pl.col(self.columns.add(f"\x00q{part}\x00{self.key}", self._column(part)))

    def total(self, part: str) -> pl.Expr:
        return self.number(part).sum()

    def rebuilt(self, part: str, decode: Callable[[pl.Series], pl.Series] | None = None) -> Input:
        """The part as if it were the argument, so that the function itself merges it."""
        column = self._column(part)
        return Input(f"\x00r{part}\x00{self.key}", decode(column) if decode else column, self.columns)

    def _column(self, part: str) -> pl.Series:
        return _column(self.frame, column_name(part, self.key))


def merged(measure: Measure, frame: pl.DataFrame, columns: Columns) -> pl.Expr:
    """The reducer of one function over rows of parts."""
    function = measure.function
    if measure.field.argument is None:
        return pl.col(columns.add("\x00gc", numeric(_column(frame, GROUP_COUNT)))).sum().cast(pl.Int64)
    parts = Parts(measure.key, frame, columns)
    merge = _MERGES.get(function.name)
    if merge is not None:
        return merge(parts)
    first = function.parts[0]
    if first == "vm":
        return function.build(parts.rebuilt("vm", _expand_map))
    if first == "ls":
        return function.build(parts.rebuilt("ls", lambda column: _expand_list(column, columns.most_listed)))
    return function.build(parts.rebuilt(first))


def _column(frame: pl.DataFrame, name: str) -> pl.Series:
    """The column, also where an index read it back with _ for dots."""
    for known in (name, name.replace(".", "_")):
        if known in frame.columns:
            return frame.get_column(known)
    return pl.Series(name, [None], dtype=pl.String).new_from_index(0, frame.height)


def _any(p: Parts, result: pl.Expr) -> pl.Expr:
    return pl.when(p.total("nc") > 0).then(result)


def _variance(p: Parts, *, sample: bool) -> pl.Expr:
    n, total, squares = p.total("nc"), p.total("sm"), p.total("ss")
    spread = (squares - total * total / n).clip(0.0)
    return pl.when(n == 1).then(0.0).when(n > 1).then(spread / (n - 1 if sample else n))


def _extreme(p: Parts, *, largest: bool) -> pl.Expr:
    """Texts come after all numbers."""
    number = registry["max" if largest else "min"].build(p.rebuilt("nx" if largest else "nn")).cast(pl.String)
    texts = p.raw("sx" if largest else "sn").drop_nulls()
    return pl.coalesce(number, texts.max() if largest else texts.min())


def _by_time(p: Parts, value: str, time: str) -> pl.Expr:
    known = p.number(time).is_not_null()
    at = p.number(time).filter(known)
    return p.raw(value).filter(known).get(at.arg_max() if time == "lt" else at.arg_min(), null_on_oob=True)


def _rate(p: Parts) -> pl.Expr:
    seconds = p.number("lt").max() - p.number("et").min()
    change = [_by_time(p, v, t).cast(pl.Float64, strict=False) for v, t in (("lv", "lt"), ("ev", "et"))]
    return pl.when(seconds > 0).then((change[0] - change[1]) / seconds)


_MERGES: dict[str, Callable[[Parts], pl.Expr]] = {
    "count": lambda p: p.total("ct").cast(pl.Int64),
    "sumsq": lambda p: _any(p, p.total("ss")),
    "avg": lambda p: _any(p, p.total("sm") / p.total("nc")),
    "max": lambda p: _extreme(p, largest=True),
    "min": lambda p: _extreme(p, largest=False),
    "range": lambda p: p.number("nx").max() - p.number("nn").min(),
    "var": lambda p: _variance(p, sample=True),
    "varp": lambda p: _variance(p, sample=False),
    "stdev": lambda p: _variance(p, sample=True).sqrt(),
    "stdevp": lambda p: _variance(p, sample=False).sqrt(),
    "earliest": lambda p: _by_time(p, "ev", "et"),
    "latest": lambda p: _by_time(p, "lv", "lt"),
    "earliest_time": lambda p: p.number("et").min(),
    "latest_time": lambda p: p.number("lt").max(),
    **dict.fromkeys(("rate", "rate_avg", "rate_sum"), _rate),
    **dict.fromkeys(("sum", "per_second", "per_minute", "per_hour", "per_day"), lambda p: _any(p, p.total("sm"))),
}


def _join(values: Iterable[str]) -> str:
    return "".join(re.sub(r'[%;"\\\n\r]', lambda match: f"%{ord(match[0]):02X}", value) + ";" for value in values)


def _split(text: str) -> list[str]:
    return [re.sub("%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), piece) for piece in text.split(";")[:-1]]


def _lists(column: pl.Series, values: Callable[[list[str]], list[str]]) -> pl.Series:
    cells = [None if text is None else values(_split(text)) or None for text in render(column).to_list()]
    return pl.Series(column.name, cells, dtype=pl.List(pl.String))


def _expand_list(column: pl.Series, most: int) -> pl.Series:
    return _lists(column, lambda values: values[:most])


def _expand_map(column: pl.Series) -> pl.Series:
    """Each value as often as it was counted. Counts are bounded so that a forged row cannot fill the memory."""

    def repeat(pairs: list[str]) -> list[str]:
        out: list[str] = []
        for value, count in zip(pairs[::2], pairs[1::2], strict=False):
            out += [value] * min(int(count) if count.isdecimal() else 0, 1_000_000)
        return out

    return _lists(column, repeat)

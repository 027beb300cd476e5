"""convert, strcat, rangemap: values in another form (Search Reference, the pages of those names)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

import polars as pl

from caltrop.dialect import strftime, timecolumns
from caltrop.dialect.lists import lists
from caltrop.dialect.moments import local
from caltrop.engine import fieldnames
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import MULTIVALUE, Table, numeric, render, values_of
from caltrop.engine.values import to_number
from caltrop.knowledge.columns import coalesce
from caltrop.spl.ast import Command, FieldFunction, Option, Word

DEFAULT_FORMAT = "%m/%d/%Y %H:%M:%S"
Number = Callable[[str], float | None]


@command("convert", settled=True)
def convert(table: Table, cmd: Command, ctx: Context) -> Table:
    """Conversion functions over fields and patterns; AS keeps the original."""
    form = str(cmd.option("timeformat", DEFAULT_FORMAT))
    calls = cmd.of(FieldFunction)
    if not calls:
        raise SearchError("convert needs a conversion such as ctime(field)", node=cmd)
    spared = {n for c in calls if c.function == "none" for n in fieldnames.matching(c.field.name, table.fields)}
    frame = table.frame
    for call in calls:
        if call.function == "none":
            continue
        convert_column = _of_nothing(call) if not frame.height else None
        convert_column = convert_column or _function(call, form, ctx)
        for name in fieldnames.matching(call.field.name, frame.columns):
            if name in spared and "*" in call.field.name:
                continue
            target = name if call.alias is None else fieldnames.carried(call.field.name, name, call.alias) or call.alias
            frame = frame.with_columns(convert_column(frame.get_column(name)).alias(target))
    return table.with_frame(frame)


_GIVES = {
    "ctime": pl.String(), "rmcomma": pl.String(), "rmunit": pl.String(),
    "mktime": pl.Float64(), "num": pl.Float64(), "dur2sec": pl.Float64(), "memk": pl.Float64(), "mstime": pl.Float64(),
}  # fmt: skip


def _of_nothing(call: FieldFunction) -> Callable[[pl.Series], pl.Series] | None:
    """The conversion of a column without rows, where its type says all; a format is not looked at where no time is written."""
    dtype = _GIVES.get(call.function)
    if dtype is None:
        return None

    def convert_column(column: pl.Series) -> pl.Series:
        keeps_lists = dtype == pl.String and column.dtype == MULTIVALUE
        return pl.Series([], dtype=MULTIVALUE if keeps_lists else dtype)

    return convert_column


def _function(call: FieldFunction, form: str, ctx: Context) -> Callable[[pl.Series], pl.Series]:
    tz, today = ctx.timezone, local(ctx.now, ctx.timezone).date()

    def times(column: pl.Series) -> Number:
        """Reads the texts of the column as times, all of them having been read at once."""
        texts = render(_first(column)).drop_nulls().unique()
        return dict(zip(texts, timecolumns.parse_leniently(texts, form, tz, today), strict=True)).get

    def known(column: pl.Series) -> tuple[Number, ...]:
        return to_plain_number, times(column), dur2sec, mstime, memk

    if call.function == "ctime":
        return lambda column: _ctime(column, form, tz)
    if call.function == "auto":
        return lambda column: _auto(column, known(column))
    if call.function == "rmcomma":
        return lambda column: _texts(column, lambda text: text.replace(",", ""))
    if call.function == "rmunit":
        return lambda column: _texts(column, rmunit)
    if call.function == "mktime":
        return lambda column: _numbers(column, times(column))
    if call.function == "num":
        return lambda column: _numbers(column, _any(known(column)))
    numbers: dict[str, Number] = {"dur2sec": dur2sec, "memk": memk, "mstime": mstime}
    if call.function not in numbers:
        raise SearchError(
            f"unknown conversion '{call.function}'",
            node=call,
            says=f"The conversion type '{call.function}' is invalid.",
        )
    return lambda column: _numbers(column, numbers[call.function])


def _any(known: Sequence[Number]) -> Number:
    return lambda text: next((number for read in known if (number := read(text)) is not None), None)


def _first(column: pl.Series) -> pl.Series:
    return column.list.first() if column.dtype == MULTIVALUE else column


def _ctime(column: pl.Series, form: str, tz: str) -> pl.Series:
    """Epoch times as text; what is no number stays as it is."""
    if column.dtype == MULTIVALUE:
        items = column.list.explode(keep_nulls=False, empty_as_null=False).unique()
        known = dict(zip(items, coalesce(strftime.write(numeric(items), form, tz), items), strict=True))
        return lists(column.name, [None if v is None else [known.get(x, x) for x in v] for v in column.to_list()])
    written = strftime.write(numeric(column), form, tz)
    return coalesce(written, render(column))


def _texts(column: pl.Series, edit: Callable[[str], str]) -> pl.Series:
    if column.dtype == MULTIVALUE:
        return lists(column.name, [None if v is None else [edit(x) for x in v] for v in column.to_list()])
    return pl.Series([None if v is None else edit(v) for v in render(column).to_list()], dtype=pl.String)


def _numbers(column: pl.Series, read: Number) -> pl.Series:
    """Numbers; what cannot be read is removed."""
    return pl.Series([None if v is None else read(v) for v in render(_first(column)).to_list()], dtype=pl.Float64)


def _auto(column: pl.Series, known: Sequence[Number]) -> pl.Series:
    """The first conversion that fits every value, else the column as it is."""
    texts = [v for v in render(column).to_list() if v is not None] if column.dtype != MULTIVALUE else []
    for read in known:
        if texts and all(read(text) is not None for text in texts):
            return _numbers(column, read)
    return column


def to_plain_number(text: str) -> float | None:
    """A number, thousands commas allowed; hexadecimal with 0x."""
    cleaned = text.strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", cleaned):
        cleaned = cleaned.replace(",", "")
    if re.fullmatch(r"0[xX][0-9A-Fa-f]+", cleaned):
        return float(int(cleaned, 16))
    return to_number(cleaned)


def rmunit(text: str) -> str:
    """The number at the start without what follows; a text without one stays."""
    match = re.match(r"\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)", text)
    return match[1] if match else text


def dur2sec(text: str) -> float | None:
    """[D+]HH:MM:SS[.sss] in seconds; a plain number is seconds already."""
    match = re.fullmatch(r"\s*(?:(\d+)\+)?(?:(\d+):)?(\d+):(\d+(?:\.\d+)?)\s*", text)
    if match is None:
        return to_number(text)
    days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + seconds


def mstime(text: str) -> float | None:
    """[MM:]SS.SSS in seconds."""
    match = re.fullmatch(r"\s*(?:(\d+):)?(\d+(?:\.\d+)?)\s*", text)
    return None if match is None else float(match[1] or 0) * 60 + float(match[2])


def memk(text: str) -> float | None:
    """A size in kilobytes: k (also when nothing is written), m or g."""
    match = re.fullmatch(r"\s*([+-]?\d+(?:\.\d+)?)\s*([kKmMgG]?)[bB]?\s*", text)
    if match is None:
        return None
    return float(match[1]) * {"": 1, "k": 1, "m": 1024, "g": 1024 * 1024}[match[2].lower()]


@command("strcat", settled=True)
def strcat(table: Table, cmd: Command, ctx: Context) -> Table:
    """Fields and quoted strings joined into the last field; missing fields are empty unless allrequired=t."""
    words = cmd.of(Word)
    if len(words) < 2:
        raise SearchError("strcat needs sources and a destination field", node=cmd)
    *sources, target = words
    required = cmd.option("allrequired", False) is True
    parts: list[pl.Expr] = []
    for word in sources:
        if word.quoted:
            parts.append(pl.lit(word.text))
        elif word.text in table:
            column = values_of(table.frame.get_column(word.text)).list.join(" ")
            parts.append(pl.lit(column))
        else:
            parts.append(pl.lit(None, dtype=pl.String))
    joined = pl.concat_str(parts if required else [p.fill_null("") for p in parts])
    column = table.frame.select(pl.int_range(pl.len()).alias("row")).select(joined.alias("new")).get_column("new")
    if len(column) != len(table):
        column = column.new_from_index(0, len(table))
    if required and target.text in table:
        column = coalesce(column, table.frame.get_column(target.text))
    return table.with_frame(table.frame.with_columns(column.alias(target.text)))


@command("rangemap", settled=True)
def rangemap(table: Table, cmd: Command, ctx: Context) -> Table:
    """`range` names the ranges that a number lies in (bounds included), `default` where it lies in none."""
    name = cmd.option("field")
    if name is None:
        raise SearchError("rangemap needs field=", node=cmd)
    ranges: list[tuple[str, float, float]] = []
    for option in cmd.of(Option):
        if option.name in ("field", "default"):
            continue
        match = re.fullmatch(r"(-?\d+(?:\.\d+)?)-(-?\d+(?:\.\d+)?)", str(option.value).strip())
        if match is None:
            raise SearchError(f"rangemap: '{option.value}' is no range", node=option, hint="write name=1-30")
        ranges.append((option.name, float(match[1]), float(match[2])))
    default = str(cmd.option("default", "None"))
    numbers: list[float | None] = [None] * len(table)
    if str(name) in table:
        numbers = numeric(table.frame.get_column(str(name))).to_list()

    def row(value: float | None) -> list[str]:
        found = [] if value is None else [label for label, low, high in ranges if low <= value <= high]
        return found or [default]

    rows = [row(value) for value in numbers]
    if all(len(r) == 1 for r in rows):
        column = pl.Series("range", [r[0] for r in rows], dtype=pl.String)
    else:
        column = pl.Series("range", rows, dtype=MULTIVALUE)
    return table.with_frame(table.frame.with_columns(column))

"""Conversion functions (Search Reference: conversion functions)."""

from __future__ import annotations

import ipaddress
import re

import polars as pl

from caltrop.engine.expressions import Invocation
from caltrop.engine.functions.mathematical import round_half_up
from caltrop.engine.registry import function
from caltrop.engine.values import Value, by_row, calculate

FAMILY = "conversion"


@function("tostring", least=1, most=2, returns="string", family=FAMILY)
def tostring(call: Invocation) -> Value:
    """Text of a number, string or Boolean; numbers also as "hex", "binary", "commas" or "duration"."""
    value = call.args[0]
    form = call.fixed(1)
    if form is None:
        return value.text()
    formats = {"hex": _hex, "binary": _binary, "commas": commas, "duration": duration}
    if form.lower() not in formats:
        raise call.error("must be hex, binary, commas or duration", 1)
    write = formats[form.lower()]
    if value.column.dtype == pl.Boolean:
        return value.text()
    return by_row("string", pl.String, lambda n, text: text if n is None else write(n), value.number(), value.text())


def _hex(value: float) -> str:
    return f"{'-' if value < 0 else ''}0x{abs(int(value)):X}"


def _binary(value: float) -> str:
    return f"{'-' if value < 0 else ''}{abs(int(value)):b}"


def commas(value: float) -> str:
    """Thousands separated; a fraction is rounded to two decimals."""
    return f"{int(value):,}" if value == int(value) else f"{round_half_up(value, 2):,.2f}"


def duration(value: float) -> str:
    """[D+]HH:MM:SS, with the fraction of a second to six places where there is one."""
    sign = "-" if value < 0 else ""
    micros = round(abs(value) * 1_000_000)
    seconds, micros = divmod(micros, 1_000_000)
    minutes, second = divmod(seconds, 60)
    hours, minute = divmod(minutes, 60)
    days, hour = divmod(hours, 24)
    fraction = f".{micros:06d}" if micros else ""
    return f"{sign}{f'{days}+' if days else ''}{hour:02d}:{minute:02d}:{second:02d}{fraction}"


@function("tonumber", least=1, most=2, returns="number", family=FAMILY)
def tonumber(call: Invocation) -> Value:
    """The number a text is in base 2 to 36. A literal that is none is an error, a field's value has no number."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        raise call.error("must be a string, not a Boolean", 0)
    if len(call.args) == 1:
        number = value.number()
    else:
        base = value_base(call)
        number = by_row("number", pl.Float64, lambda s: None if s is None else in_base(s, base), value.text())
    if value.kind == "string" and value.constant and number.scalar() is None and value.scalar() is not None:
        raise call.error(f"is not a number: '{value.scalar()}'", 0)
    return Value(number.column, constant=number.constant, kind="number")


def value_base(call: Invocation) -> int:
    base = call.args[1].number()
    if not base.constant or base.scalar() is None or not 2 <= base.scalar() <= 36:
        raise call.error("must be a whole number from 2 to 36", 1)
    return int(base.scalar())


def in_base(text: str, base: int) -> float | None:
    if "_" in text:
        return None
    try:
        return float(int(text.strip(), base))
    except ValueError:
        pass
    whole, dot, fraction = text.strip().partition(".")
    if base != 10 or not dot:
        return None
    try:
        return float(f"{whole}.{fraction}")
    except ValueError:
        return None


@function("toint", least=1, most=1, returns="number", family=FAMILY)
def toint(call: Invocation) -> Value:
    """The number without its fraction; true is 1, false 0."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return calculate("number", lambda x: x.cast(pl.Float64), value)
    return calculate("number", lambda x: pl.when(x >= 0).then(x.floor()).otherwise(x.ceil()), value.number())


@function("todouble", least=1, most=1, returns="number", family=FAMILY)
def todouble(call: Invocation) -> Value:
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return calculate("number", lambda x: x.cast(pl.Float64), value)
    number = value.number()
    return Value(number.column, constant=number.constant, kind="number")


@function("tobool", least=1, most=1, returns="bool", family=FAMILY)
def tobool(call: Invocation) -> Value:
    """Numbers other than 0 and the texts true, t, yes are true; 0 and false, f, no are false."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return value
    return calculate(
        "bool",
        lambda n, s: pl.when(n.is_not_null()).then(n != 0)
        .when(s.str.to_lowercase().is_in(["true", "t", "yes", "y"])).then(True)
        .when(s.str.to_lowercase().is_in(["false", "f", "no", "n"])).then(False),
        value.number(), value.text(),
    )  # fmt: skip


@function("ipmask", least=2, most=2, returns="string", family=FAMILY)
def ipmask(call: Invocation) -> Value:
    """The address with the bits that the mask clears set to zero (IPv4)."""

    def row(mask: str | None, address: str | None) -> str | None:
        if mask is None or address is None:
            return None
        try:
            bits = int(ipaddress.IPv4Address(mask.strip())) & int(ipaddress.IPv4Address(address.strip()))
        except ValueError:
            return None
        return str(ipaddress.IPv4Address(bits))

    return by_row("string", pl.String, row, call.args[0].text(), call.args[1].text())


# --- printf ---------------------------------------------------------------------------------------------------------------

_CONVERSION = re.compile(r"%([-+ #0']*)(\d+|\*)?(?:\.(\d+|\*)?)?(?:hh|h|ll|l|L|q|j|z|t)?([diouxXeEfFgGaAcspn%])")
_WIDEST = 10_000


@function("printf", least=1, most=None, returns="string", family=FAMILY)
def printf(call: Invocation) -> Value:
    """C's conversions, and ' for thousands separators. A missing argument leaves no result."""
    form = call.args[0]
    if form.constant and (words := form.text().scalar()) is not None:
        wanted = _count(words)
        if wanted != len(call.args) - 1:
            raise call.error(
                f"the format takes {wanted} argument{'s' if wanted != 1 else ''}, not {len(call.args) - 1}"
            )

    def row(words: str | None, *cells: str | None) -> str | None:
        return None if words is None or any(c is None for c in cells) else format_c(words, [c or "" for c in cells])

    return by_row("string", pl.String, row, *(value.text() for value in call.args))


def _count(form: str) -> int:
    return sum((m[4] != "%") + (m[2] == "*") + ((m[3] or "") == "*") for m in _CONVERSION.finditer(form))


def format_c(form: str, arguments: list[str]) -> str:
    """`form` with its conversions filled from the arguments, in order; those left over are ignored."""
    remaining = iter(arguments)

    def number(text: str) -> float:
        match = re.match(r"\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text)
        return float(match[0]) if match else 0.0

    def write(match: re.Match[str]) -> str:
        flags, width, letter = match[1], match[2], match[4]
        precision: str | None = match[3] if "." in match[0] else None
        if "." in match[0] and match[3] is None:
            precision = "0"
        if letter == "%":
            return "%"
        if width == "*":
            wide = int(number(next(remaining, "0")))
            flags, width = (flags + "-", str(-wide)) if wide < 0 else (flags, str(wide))
        if precision == "*":
            precision = str(int(number(next(remaining, "0"))))
        text = next(remaining, "")
        spec = f"%{flags.replace(chr(39), '')}{min(int(width or 0), _WIDEST) or ''}"
        digits = "" if precision is None else f".{min(int(precision), 100)}"
        if letter in "sp":
            return _string(flags, width, precision, text)
        if letter == "c":
            return _string(flags, width, None, text[:1])
        value = number(text)
        if "'" in flags and letter in "diufF":
            return _grouped(flags, width, precision, value, letter)
        if letter in "diu":
            return (spec + digits + "d") % int(value)
        if letter in "oxX":
            return _based(flags, width, precision, int(value), letter)
        if letter in "aA":
            return value.hex().upper() if letter == "A" else value.hex()
        return (spec + digits + letter) % value

    return _CONVERSION.sub(write, form)


def _string(flags: str, width: str | None, precision: str | None, text: str) -> str:
    if precision is not None:
        text = text[: int(precision)]
    size = min(int(width or 0), _WIDEST)
    return text.ljust(size) if "-" in flags else text.rjust(size)


def _based(flags: str, width: str | None, precision: str | None, value: int, letter: str) -> str:
    if value < 0:
        value += 2**64
    digits = format(value, letter).rjust(min(int(precision or 0), 100), "0")
    prefix = {"o": "0", "x": "0x", "X": "0X"}[letter] if "#" in flags and value else ""
    if letter == "o" and digits.startswith("0"):
        prefix = ""
    size = min(int(width or 0), _WIDEST)
    if "0" in flags and "-" not in flags and precision is None:
        return prefix + digits.rjust(size - len(prefix), "0")
    text = prefix + digits
    return text.ljust(size) if "-" in flags else text.rjust(size)


def _grouped(flags: str, width: str | None, precision: str | None, value: float, letter: str) -> str:
    places = 6 if precision is None else int(precision)
    text = f"{int(value):,}" if letter in "diu" else f"{value:,.{min(places, 100)}f}"
    if "+" in flags and value >= 0:
        text = f"+{text}"
    size = min(int(width or 0), _WIDEST)
    return text.ljust(size) if "-" in flags else text.rjust(size)

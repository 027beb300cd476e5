"""Conversion functions (Search Reference: conversion functions)."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable

import polars as pl

from caltrop.engine.calls import Invocation
from caltrop.engine.functions.mathematical import round_half_up
from caltrop.engine.registry import function
from caltrop.engine.table import pick
from caltrop.engine.values import Value, by_row, calculate

FAMILY = "conversion"


@function("tostring", least=1, most=2, returns="string", family=FAMILY)
def tostring(call: Invocation) -> Value:
    """Text of a number, string or Boolean; numbers also as "hex", "binary", "commas" or "duration"."""
    value = call.args[0]
    if len(call.args) < 2:
        return _as_string(value)
    form = call.args[1]
    if value.column.dtype == pl.Boolean:
        return value.text()

    def row(number: float | None, text: str | None, name: str | None) -> str | None:
        if name is None or number is None:
            return text
        if name.lower() not in _FORMATS:
            raise call.error("must be hex, binary, commas or duration", 1)
        return _FORMATS[name.lower()](number)

    if form.constant and str(form.text().scalar()).lower() not in _FORMATS:
        raise call.error("must be hex, binary, commas or duration", 1)
    return call.rows(form, "string", pl.String, row, value.number(), value.text(), form.text())


def _as_string(value: Value) -> Value:
    """The text, which is a string to whatever reads it next: tostring(2)+"%" joins. A missing value is Null (measured)."""
    text = value.text().column
    absent = value.column.is_null()
    if absent.any():
        text = pick(absent, pl.Series(["Null"]).new_from_index(0, len(text)), text)
    return Value(text, constant=value.constant, kind="string")


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


_FORMATS: dict[str, Callable[[float], str]] = {
    "hex": _hex, "binary": _binary, "commas": commas, "duration": duration,
}  # fmt: skip


@function("tonumber", least=1, most=2, returns="number", family=FAMILY)
def tonumber(call: Invocation) -> Value:
    """The number a text is in base 2 to 36. A literal that is none is an error, a field's value has no number."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        raise call.error("must be a string, not a Boolean", 0)
    number = _parsed(call)
    if (
        value.kind == "string"
        and value.constant
        and number.constant
        and number.scalar() is None
        and value.scalar() is not None
    ):
        raise call.error(f"is not a number: '{value.scalar()}'", 0)
    return Value(number.column, constant=number.constant, kind="number")


def _parsed(call: Invocation) -> Value:
    """The first argument as a number, its text in the base that the second one gives. Surrounding space is no part of one."""
    value = call.args[0]
    if len(call.args) > 1:
        base = call.args[1]

        def row(text: str | None, written: float | None) -> float | None:
            if written is None:
                raise call.error("must be a whole number from 2 to 36", 1)
            return None if text is None else in_base(text, checked_base(written, call))

        if base.constant:
            value_base(call)
        return call.rows(base, "number", pl.Float64, row, value.text(), base.number())
    if value.numbers:
        return value.number()
    return calculate("number", lambda n, s: pl.when(s.str.strip_chars() == s).then(n), value.number(), value.text())


def value_base(call: Invocation) -> int:
    base = call.args[1].number()
    if not base.constant or base.scalar() is None:
        raise call.error("must be a whole number from 2 to 36", 1)
    return checked_base(base.scalar(), call)


def checked_base(base: float, call: Invocation) -> int:
    if not 2 <= base <= 36:
        raise call.error("must be a whole number from 2 to 36", 1)
    return int(base)


def in_base(text: str, base: int) -> float | None:
    if "_" in text or text.strip() != text:
        return None
    try:
        return float(int(text, base))
    except ValueError:
        pass
    whole, dot, fraction = text.partition(".")
    if base != 10 or not dot:
        return None
    try:
        return float(f"{whole}.{fraction}")
    except ValueError:
        return None


@function("toint", least=1, most=2, returns="number", family=FAMILY)
def toint(call: Invocation) -> Value:
    """The number rounded down; true is 1, false 0."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return calculate("number", lambda x: x.cast(pl.Float64), value)
    return calculate("number", lambda x: x.floor(), _parsed(call))


@function("todouble", least=1, most=2, returns="number", family=FAMILY)
def todouble(call: Invocation) -> Value:
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return calculate("number", lambda x: x.cast(pl.Float64), value)
    number = _parsed(call)
    return Value(number.column, constant=number.constant, kind="number")


@function("tobool", least=1, most=1, returns="bool", family=FAMILY)
def tobool(call: Invocation) -> Value:
    """Numbers other than 0 and the word true are true, 0 and the word false are false; nothing else is either."""
    value = call.args[0]
    if value.column.dtype == pl.Boolean:
        return value
    return calculate(
        "bool",
        lambda n, s: pl.when(n.is_not_null()).then(n != 0)
        .when(s.str.to_lowercase() == "true").then(True)
        .when(s.str.to_lowercase() == "false").then(False),
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

_CONVERSION = re.compile(
    r"%([-+ #0']*)(\d+|\*)?(?:\.(\d+|\*)?)?(?:hh|h|ll|l|L|q|j|t|z(?=[diouxX]))?([diouxXeEfFgGaAcspzCSn%])"
)
_UNSUPPORTED = "CSn"
_WIDEST = 10_000


@function("printf", least=1, most=None, returns="string", family=FAMILY)
def printf(call: Invocation) -> Value:
    """C's conversions, and ' for thousands separators. A missing argument leaves no result."""
    form = call.args[0]
    if form.constant and (words := form.text().scalar()) is not None:
        if bad := next((m[0] for m in _CONVERSION.finditer(words) if m[4] in _UNSUPPORTED), None):
            raise call.error(f"does not support the conversion '{bad}'", 0)
        wanted = _count(words)
        if wanted != len(call.args) - 1:
            raise call.error(
                f"the format takes {wanted} argument{'s' if wanted != 1 else ''}, not {len(call.args) - 1}"
            )

    def row(words: str | None, *cells: str | None) -> str | None:
        return None if words is None or any(c is None for c in cells) else format_c(words, [c or "" for c in cells])

    return call.rows(form, "string", pl.String, row, *(value.text() for value in call.args))


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
        if letter in "sz":
            return _string(flags, width, precision, text)
        if letter == "c":
            return _string(flags, width, None, _character(text))
        if letter in _UNSUPPORTED:
            return match[0]
        if letter == "p":
            letter = "X"
        value = number(text)
        if "'" in flags and letter in "diufF":
            return _grouped(flags, width, precision, value, letter)
        if letter in "diu":
            return (spec + digits + "d") % int(value)
        if letter in "oxX":
            return _based(flags, width, precision, int(value), letter)
        if letter in "aA":
            written = _hexadecimal(value, precision)
            return _string(flags, width, None, written.upper() if letter == "A" else written)
        return (spec + digits + letter) % value

    return _CONVERSION.sub(write, form)


def _character(text: str) -> str:
    """The character of a code point, or the first character of a text that is no number."""
    if re.fullmatch(r"\d+", text) and int(text) <= sys.maxunicode:
        return chr(int(text))
    return text[:1]


def _hexadecimal(value: float, precision: str | None) -> str:
    """C's %a: a hexadecimal significand of `precision` digits (as many as it takes when there is none) and a power of 2."""
    match = re.fullmatch(r"(-?)0x([01])\.([0-9a-f]+)p([+-]\d+)", value.hex())
    if match is None:  # infinite or not a number
        return str(value)
    sign, lead, digits, exponent = match.groups()
    if precision is None:
        digits = digits.rstrip("0")
    else:
        places = min(int(precision), 13)
        scaled = (int(lead + digits, 16) + (1 << (4 * (13 - places))) // 2) >> (4 * (13 - places))
        text = f"{scaled:0{places + 1}x}"
        lead, digits = text[: len(text) - places], text[len(text) - places :]
    return f"{sign}0x{lead}{'.' if digits else ''}{digits}p{exponent}"


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

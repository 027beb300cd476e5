"""Mathematical, trigonometric and bitwise functions (Search Reference, the pages of those names). Numbers are doubles."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

import polars as pl

from caltrop.engine.calls import Invocation
from caltrop.engine.registry import function
from caltrop.engine.significance import significant_figures
from caltrop.engine.table import number_text
from caltrop.engine.values import Value, by_row, calculate, constant

MATH = "mathematical"
TRIG = "trigonometric"
BITS = "bitwise"
MAX_DECIMALS = 17


def _numbers(call: Invocation) -> list[Value]:
    """Arguments as numbers; a string literal is refused."""
    for i, value in enumerate(call.args):
        if value.kind in ("string", "bool"):
            raise call.error(f"must be a number, not a {value.kind}", i)
    return [value.number() for value in call.args]


def _unary(name: str, family: str, build: Callable[[pl.Expr], pl.Expr]) -> None:
    @function(name, least=1, most=1, returns="number", family=family)
    def run(call: Invocation) -> Value:
        return _real(build, *_numbers(call))


def _real(build: Callable[..., pl.Expr], *values: Value) -> Value:
    """The result where it is a real number: sqrt(-1) and ln(0) have no value."""

    def finite(*columns: pl.Expr) -> pl.Expr:
        result = build(*columns)
        return pl.when(result.is_finite()).then(result)

    return calculate("number", finite, *values)


for _name, _build in {
    "abs": lambda x: x.abs(),
    "floor": lambda x: x.floor(),
    "ceiling": lambda x: x.ceil(),
    "ceil": lambda x: x.ceil(),
    "exp": lambda x: x.exp(),
    "ln": lambda x: x.log(),
    "sqrt": lambda x: x.sqrt(),
}.items():
    _unary(_name, MATH, _build)

for _name, _build in {
    "sin": lambda x: x.sin(),
    "cos": lambda x: x.cos(),
    "tan": lambda x: x.tan(),
    "asin": lambda x: x.arcsin(),
    "acos": lambda x: x.arccos(),
    "atan": lambda x: x.arctan(),
    "sinh": lambda x: x.sinh(),
    "cosh": lambda x: x.cosh(),
    "tanh": lambda x: x.tanh(),
    "asinh": lambda x: x.arcsinh(),
    "acosh": lambda x: x.arccosh(),
    "atanh": lambda x: x.arctanh(),
}.items():
    _unary(_name, TRIG, _build)


@function("atan2", least=2, most=2, returns="number", family=TRIG)
def atan2(call: Invocation) -> Value:
    return calculate("number", lambda y, x: pl.arctan2(y, x), *_numbers(call))


@function("hypot", least=2, most=2, returns="number", family=TRIG)
def hypot(call: Invocation) -> Value:
    return calculate("number", lambda x, y: (x * x + y * y).sqrt(), *_numbers(call))


@function("pi", least=0, most=0, returns="number", family=MATH)
def pi(call: Invocation) -> Value:
    return constant(math.pi)


@function("pow", least=2, most=2, returns="number", family=MATH)
def pow_(call: Invocation) -> Value:
    return _real(lambda x, y: x.pow(y), *_numbers(call))


@function("log", least=1, most=2, returns="number", family=MATH)
def log(call: Invocation) -> Value:
    """The logarithm, base 10 unless given."""
    args = _numbers(call)
    if len(args) == 1:
        return _real(lambda x: x.log10(), *args)
    return _real(lambda x, b: x.log() / b.log(), *args)


@function("round", least=1, most=2, returns="number", family=MATH)
def round_(call: Invocation) -> Value:
    """Halves away from zero, decided on the decimal text of the number, so that 2.555 rounds to 2.56.

    With decimals the result is written with all of them (5.00).
    """
    args = _numbers(call)
    if len(args) == 1:
        return calculate("number", lambda x: pl.when(x >= 0).then((x + 0.5).floor()).otherwise((x - 0.5).ceil()), *args)
    if args[1].constant and args[1].scalar() is not None and args[1].scalar() < 0:
        raise call.error("must not be negative", 1)
    if args[1].constant and (digits := args[1].scalar()) is not None and 0 < digits <= 9:
        return _rounded(args[0], int(digits))
    return by_row("number", pl.String, lambda x, n: None if x is None or n is None else rounded_text(x, int(n)), *args)


def _rounded(value: Value, digits: int) -> Value:
    """`rounded_text` over a column: numbers near a tie, and large ones, take the exact way."""
    power = 10**digits

    def build(x: pl.Expr) -> pl.Expr:
        scaled = x.abs() * power
        clear = (scaled < 1e15) & ((scaled - scaled.floor() - 0.5).abs() > 1e-6)
        units = (scaled + 0.5).floor().cast(pl.Int64, strict=False)
        sign = pl.when((x < 0) & (units > 0)).then(pl.lit("-")).otherwise(pl.lit(""))
        text = pl.concat_str(
            sign, (units // power).cast(pl.String), pl.lit("."), (units % power).cast(pl.String).str.zfill(digits)
        )
        return pl.when(clear).then(text)

    fast = calculate("number", build, value)
    rest = calculate("number", lambda x, s: pl.when(s.is_null()).then(x), value, fast)
    if rest.column.null_count() == len(rest.column):
        return fast
    exact = by_row("number", pl.String, lambda x: None if x is None else rounded_text(x, digits), rest)
    return calculate("number", lambda a, b: pl.coalesce(a, b), fast, exact)


def rounded_text(value: float, digits: int) -> str:
    number = round_half_up(value, digits) + 0.0  # not -0.0
    return number_text(number) if digits <= 0 or digits > MAX_DECIMALS else f"{number:.{digits}f}"


def round_half_up(value: float, digits: int) -> float:
    if not math.isfinite(value) or abs(value) >= 1e300 or abs(digits) > 300:
        return value
    try:
        return float(Decimal(repr(value)).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))
    except InvalidOperation:  # more digits than a double has
        return value


@function("exact", least=1, most=1, returns="number", family=MATH)
def exact(call: Invocation) -> Value:
    """The number with all its digits: those of a product are not cut to the significant ones of its factors."""
    value = _numbers(call)[0]
    return Value(value.column, constant=value.constant, kind="number")


@function("sigfig", least=1, most=1, returns="number", family=MATH)
def sigfig(call: Invocation) -> Value:
    """The argument rounded to the significant figures that its literals carry."""
    return significant_figures(call.node.args[0], _numbers(call)[0], call.scope)


# --- bitwise: whole numbers below 2^53, others have no result -------------------------------------------------------------

_LARGEST = float(2**53 - 1)


def _whole(call: Invocation) -> list[Value]:
    fits = lambda x: pl.when((x >= 0) & (x <= _LARGEST) & (x == x.floor())).then(x.cast(pl.Int64, strict=False))  # noqa: E731
    return [calculate("number", fits, value) for value in _numbers(call)]


def _fold(call: Invocation, step: Callable[[pl.Expr, pl.Expr], pl.Expr]) -> Value:
    def build(*xs: pl.Expr) -> pl.Expr:
        result = xs[0]
        for x in xs[1:]:
            result = step(result, x)
        return result.cast(pl.Float64)

    return calculate("number", build, *_whole(call))


@function("bit_and", least=2, most=None, returns="number", family=BITS)
def bit_and(call: Invocation) -> Value:
    return _fold(call, lambda a, b: a & b)


@function("bit_or", least=2, most=None, returns="number", family=BITS)
def bit_or(call: Invocation) -> Value:
    return _fold(call, lambda a, b: a | b)


@function("bit_xor", least=2, most=None, returns="number", family=BITS)
def bit_xor(call: Invocation) -> Value:
    return _fold(call, lambda a, b: a ^ b)


@function("bit_not", least=1, most=2, returns="number", family=BITS)
def bit_not(call: Invocation) -> Value:
    """All 53 bits inverted, or those of the mask."""
    args = _whole(call)
    mask = args[1] if len(args) > 1 else Value(pl.Series([int(_LARGEST)]), constant=True, kind="number")
    return calculate("number", lambda a, m: ((a ^ int(_LARGEST)) & m).cast(pl.Float64), args[0], mask)


def _shift(call: Invocation, compute: Callable[[int, int], int]) -> Value:
    args = _whole(call)
    return by_row(
        "number", pl.Float64,
        lambda a, n: None if a is None or n is None else 0.0 if n > 52 else float(compute(a, n) & int(_LARGEST)),
        *args,
    )  # fmt: skip


@function("bit_shift_left", least=2, most=2, returns="number", family=BITS)
def bit_shift_left(call: Invocation) -> Value:
    return _shift(call, lambda a, n: a << n)


@function("bit_shift_right", least=2, most=2, returns="number", family=BITS)
def bit_shift_right(call: Invocation) -> Value:
    return _shift(call, lambda a, n: a >> n)

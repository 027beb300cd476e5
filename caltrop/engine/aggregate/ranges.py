"""Ranges of numbers: span=10, span=log2, span=2log10 and bins=N of chart, bin and makecontinuous.

Follows "bin" of the Search Reference: a range is written low-high and holds its low end.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

import polars as pl

from caltrop.engine.errors import SearchError
from caltrop.engine.table import number_text
from caltrop.spl.ast import Node


@dataclass(frozen=True, slots=True)
class Ranges:
    """Ranges of equal width, or between powers: coefficient * base ** k. `start` is where a range begins."""

    width: float = 1.0
    start: float = 0.0
    base: float | None = None
    coefficient: float = 1.0

    def low(self, value: float) -> float:
        """The low end of the range that holds `value`."""
        if self.base is None:
            # Half a billionth of a range is taken for a rounding error of the division.
            return _tidy(math.floor((value - self.start) / self.width + 5e-10) * self.width + self.start)
        if value <= 0:
            return value  # no logarithm, no range: the number stands for itself
        power = math.floor(math.log(value / self.coefficient, self.base) + 1e-12)
        return _tidy(self.coefficient * self.base**power)

    def high(self, low: float) -> float:
        """The high end of the range that starts at `low`."""
        if self.base is None:
            return _tidy(low + self.width)
        return self.coefficient if low <= 0 else _tidy(low * self.base)

    def lows(self, numbers: pl.Series) -> pl.Series:
        known = numbers.drop_nulls().unique()
        return numbers.replace_strict(known, [self.low(v) for v in known], return_dtype=pl.Float64, default=None)

    def text(self, low: float) -> str:
        if self.base is not None and low <= 0:
            return number_text(low)
        return f"{number_text(low)}-{number_text(self.high(low))}"


def _tidy(value: float) -> float:
    """Without the dust of binary fractions: 0.3, not 0.30000000000000004."""
    return float(f"{value:.12g}")


_LOG = re.compile(r"(\d+(?:\.\d+)?)?log(\d+(?:\.\d+)?)?", re.IGNORECASE)


def parse(text: str, node: Node) -> Ranges:
    """`10`, `0.5`, `log`, `log2`, `2log10`."""
    match = _LOG.fullmatch(text.strip())
    if match:
        base, coefficient = float(match[2] or 10), float(match[1] or 1)
        if base <= 1 or not 1 <= coefficient < base:
            raise SearchError(
                f"span={text}: the base must be above 1 and the coefficient from 1 to below the base", node=node
            )
        return Ranges(base=base, coefficient=coefficient)
    try:
        width = float(text)
    except ValueError:
        width = 0.0
    if not 0 < width < math.inf:
        raise SearchError(
            f"span={text} is no span of numbers", node=node, hint="Write a positive number, or log2, log10."
        )
    return Ranges(width=width)


def narrowest(numbers: pl.Series) -> float:
    """The least width to divide these numbers by: whole ones are not divided (measured: 1 to 4 become 1-2, 2-3, … by default)."""
    known = numbers.drop_nulls()
    return 1.0 if bool((known == known.floor()).all()) else 0.0


def automatic(low: float, high: float, bins: int, least: float = 0.0) -> Ranges:
    """The narrowest power of ten, at least `least`, that divides low to high into at most `bins` ranges."""
    extent = high - low
    power = math.floor(math.log10(extent / bins)) if extent >= 1e-9 else 0
    if least > 0:
        power = max(power, math.ceil(math.log10(least) - 1e-9))
    width = 10.0**power
    while math.floor(high / width) - math.floor(low / width) + 1 > bins and width < extent * 10:
        power += 1
        width = 10.0**power
    return Ranges(width)

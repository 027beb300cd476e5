"""Relative times that are the same for a while."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.moments import STEADY_FROM, relative_time, steady

ZONES = [
    "UTC",
    "Europe/Berlin",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "America/Santiago",
    "Pacific/Chatham",
    "America/St_Johns",
]


@pytest.mark.parametrize(
    ("spec", "seconds"),
    [
        ("@d", 900), ("-1d@d", 900), ("@h", 900), ("@m", 60), ("-1mon@mon+3h", 900), ("@w1", 900), ("-5m@h", 300),
        ("-1h@d", 900), ("-90m@d", 900), ("-7m@h", 60), ("-61s@h", None), ("-1d", None), ("@s", None), ("now", None), ("+3h", None),
        ("-1d@d-3s", 900), ("@q", 900), ("@y", 900), ("-2w@w", 900), ("@nonsense", None),
    ],
)  # fmt: skip
def test_how_long(spec: str, seconds: int | None) -> None:
    assert steady(spec) == seconds


@given(
    st.floats(STEADY_FROM, 4e9, allow_nan=False),
    st.sampled_from(
        ["@d", "-1d@d", "@h", "@m", "-1mon@mon+3h", "@w1", "-5m@h", "-7m@h", "-1h@d+1d", "@q", "-3d@h", "@y-1s"]
    ),
    st.sampled_from(ZONES),
)
def test_the_begin_of_a_stretch_stands_for_all_of_it(moment: float, spec: str, tz: str) -> None:
    width = steady(spec)
    assert width is not None
    begin = math.floor(round(moment * 1e6) / 1e6 / width) * width
    assert relative_time(float(begin), spec, tz) == relative_time(moment, spec, tz)

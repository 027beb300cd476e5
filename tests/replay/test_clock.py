from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.errors import CaltropError
from caltrop.replay.clock import resolve

NOW = 1_700_000_000.0


@pytest.mark.parametrize(
    ("modifier", "expected"),
    [
        ("now", NOW),
        ("-70m@m", NOW - 4200 - (NOW - 4200) % 60),
        ("-1h", NOW - 3600),
        ("+d", NOW + 86400),
        ("@h", NOW - NOW % 3600),
        ("1699999999", 1_699_999_999.0),
    ],
)
def test_windows_of_schedules(modifier: str, expected: float) -> None:
    assert resolve(modifier, NOW) == expected


@pytest.mark.parametrize("modifier", ["", "rt", "-1mon", "@w0", "-1d@w", "yesterday", "-1h-5m"])
def test_other_forms_are_refused_by_name(modifier: str) -> None:
    with pytest.raises(CaltropError, match="cannot place shifted events"):
        resolve(modifier, NOW)


@given(st.integers(0, 10_000), st.sampled_from("smhdw"), st.sampled_from("smhd"))
def test_snapping_never_moves_forward(count: int, unit: str, snap: str) -> None:
    assert resolve(f"-{count}{unit}@{snap}", NOW) <= resolve(f"-{count}{unit}", NOW) <= NOW

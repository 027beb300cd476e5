"""Which values are like one that was not found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.explain.near import likeness, nearest

VALUES = [
    ("C:\\Windows\\System32\\svchost.exe", 50),
    ("C:\\Windows\\System32\\reg.exe", 4),
    ("powershell.exe -nop -enc JABz", 2),
    ("4688", 9),
    ("4624", 3),
]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("*regg.exe", ["C:\\Windows\\System32\\reg.exe"]),
        ("*\\system32\\rg.exe", ["C:\\Windows\\System32\\reg.exe"]),
        ("*powershel.exe -nop*", ["powershell.exe -nop -enc JABz"]),
        ("4689", ["4688"]),
        ("46888", ["4688"]),
        ("1102", []),
        ("*find*", []),
        ("x", []),
        ("***", []),
    ],
)
def test_the_value_that_was_meant(wanted: str, found: list[str]) -> None:
    assert [value for value, _ in nearest([wanted], VALUES)][:1] == found


def test_the_likest_comes_first_and_the_frequent_one_of_equals() -> None:
    assert nearest(["abcd"], [("abce", 1), ("abcd", 1), ("abcf", 7)]) == [("abcd", 1), ("abcf", 7), ("abce", 1)]


@given(st.text(st.characters(codec="ascii", exclude_characters="*"), min_size=3, max_size=40))
def test_a_value_is_most_like_itself(text: str) -> None:
    stripped = text.strip()
    if len(stripped) >= 3:
        assert likeness([text], [(stripped, 1)]) >= 0.9

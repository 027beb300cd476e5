"""Line breaking: the settings, and that chunks never show."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.index import linebreak
from caltrop.index.linebreak import Breaker
from caltrop.index.props import Props
from tests.examples import examples

LOG = b"2020-01-01 00:00:00 a\r\n  more\n more\n2020-01-01 00:00:01 b\n\n2020-01-01 00:00:02 c\nlast"
DATED = {"LINE_BREAKER": r"([\r\n]+)(?=\d{4}-)", "SHOULD_LINEMERGE": "false"}


def events(data: bytes, config: dict[str, str], cuts: list[int] | None = None) -> list[str]:
    breaker = Breaker(Props.from_mapping(config))
    found: list[str] = []
    begin = 0
    for cut in [*sorted(cuts or []), len(data)]:
        found += breaker.feed(data[begin:cut])
        begin = max(begin, cut)
    return found + breaker.finish()


CASES: list[tuple[dict[str, str], bytes, list[str]]] = [
    ({}, LOG, ["2020-01-01 00:00:00 a\n  more\n more", "2020-01-01 00:00:01 b", "2020-01-01 00:00:02 c\nlast"]),
    ({}, b"one\ntwo\n", ["one", "two"]),
    ({"BREAK_ONLY_BEFORE_DATE": "true"}, b"one\ntwo\n", ["one\ntwo"]),
    ({"SHOULD_LINEMERGE": "false"}, b"a\n\n b\r\nc", ["a", " b", "c"]),
    (DATED, LOG, ["2020-01-01 00:00:00 a\r\n  more\n more", "2020-01-01 00:00:01 b", "2020-01-01 00:00:02 c\nlast"]),
    ({**DATED, "TRUNCATE": "7"}, LOG, ["2020-01", "2020-01", "2020-01"]),
    ({"SHOULD_LINEMERGE": "false", "TRUNCATE": "3"}, b"abcdef\nab\n", ["abc", "ab"]),
    ({"SHOULD_LINEMERGE": "false", "TRUNCATE": "5"}, "aéééé\n".encode(), ["aéé"]),  # bytes, whole characters
    ({"SHOULD_LINEMERGE": "false", "TRUNCATE": "0"}, b"x" * 20_000, ["x" * 20_000]),
    ({"MAX_EVENTS": "2"}, LOG[:36], ["2020-01-01 00:00:00 a\n  more", " more"]),
    ({"BREAK_ONLY_BEFORE": r"^\S"}, b"a\n b\n c\nd\n e", ["a\n b\n c", "d\n e"]),
    ({"BREAK_ONLY_BEFORE": r"^(?!\s)"}, b"a\n b\n c\nd\n e", ["a\n b\n c", "d\n e"]),
    ({"BREAK_ONLY_BEFORE_DATE": "false", "MUST_BREAK_AFTER": ";$"}, b"a\nb;\nc\nd;", ["a\nb;", "c\nd;"]),
    (
        {"BREAK_ONLY_BEFORE": "^B", "MUST_NOT_BREAK_BEFORE": "^Bx"},
        b"B\nBx\nB",
        ["B", "Bx", "B"],
    ),  # measured: it holds nothing back that is asked for
    (
        {"BREAK_ONLY_BEFORE": "^B", "MUST_NOT_BREAK_AFTER": "<$", "MUST_BREAK_AFTER": ">$"},
        b"B<\nB\nB>\nB\nB",
        ["B<\nB\nB>", "B", "B"],
    ),
    ({"LINE_BREAKER": r"(\s*)<e>|(;)", "SHOULD_LINEMERGE": "false"}, b"<e>a <e>b;c", ["<e>a", "<e>b", "c"]),
    ({"DATETIME_CONFIG": "CURRENT"}, b"a\n b\n", ["a", " b"]),
    ({"CHARSET": "latin-1"}, b"caf\xe9\n", ["café"]),
    ({}, b"caf\xe9\n", ["caf\\xe9"]),
    ({}, "\ufeffé\nü\n".encode("utf-16-le"), ["é", "ü"]),
    ({}, b"\xef\xbb\xbfx\n", ["x"]),
    ({}, b"", []),
    ({}, b"\n\r\n  \n", []),
]


@pytest.mark.parametrize(("config", "data", "expected"), CASES)
def test_rules(config: dict[str, str], data: bytes, expected: list[str]) -> None:
    assert events(data, config) == expected


@given(case=st.sampled_from(CASES), cuts=st.lists(st.integers(0, 100), max_size=30))
@examples(150)
def test_chunks_never_show(case: tuple[dict[str, str], bytes, list[str]], cuts: list[int]) -> None:
    config, data, expected = case
    assert events(data, config, [min(cut, len(data)) for cut in cuts]) == expected


LINE = st.text(alphabet="ab 2-:é", max_size=12)


@given(
    lines=st.lists(st.one_of(LINE, st.just("2020-01-01 00:00:00 x")), max_size=12),
    config=st.sampled_from([case[0] for case in CASES if "CHARSET" not in case[0]]),
    cuts=st.lists(st.integers(0, 300), max_size=8),
    margin=st.sampled_from([30, 4096]),
)
@examples(200)
def test_chunks_never_show_in_any_text(lines: list[str], config: dict[str, str], cuts: list[int], margin: int) -> None:
    data = "\n".join(lines).encode()
    before = linebreak.MARGIN
    try:
        linebreak.MARGIN = margin
        whole = events(data, config)
        assert events(data, config, [min(cut, len(data)) for cut in cuts]) == whole
    finally:
        linebreak.MARGIN = before
    if "TRUNCATE" not in config and "LINE_BREAKER" not in config:
        assert re.sub(r"\s", "", "".join(whole)) == re.sub(r"\s", "", data.decode())


@given(data=st.binary(max_size=300), config=st.sampled_from([case[0] for case in CASES]))
@examples(150)
def test_any_bytes(data: bytes, config: dict[str, str]) -> None:
    assert all(event.strip() or event for event in events(data, config, [len(data) // 2]))


@pytest.mark.parametrize("config", [{}, DATED])
def test_a_line_without_end_takes_no_memory(config: dict[str, str]) -> None:
    breaker = Breaker(Props.from_mapping(config))
    for _ in range(50):
        assert breaker.feed(b"x" * 100_000) == []
        assert len(breaker._text) < 250_000
    assert [len(event) for event in breaker.finish()] == [10_000]
    assert breaker.truncated == 1

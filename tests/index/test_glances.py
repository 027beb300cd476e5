"""Lines that are only glanced at become the events that they are when all of them is decoded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from caltrop.index.importers import ImportOptions, Problem, glances, jsontext, read
from tests.examples import examples

KEYS = st.sampled_from([
    *glances.TIME_KEYS[:5], *glances.CLOUDTRAIL, "Records", "value", "EventID", "Channel", "Hostname", "winlog", "event", "host",
    "_raw", "result", "a",
])  # fmt: skip
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(1_700_000_000, 1_700_000_100)
    | st.floats(1.7e9, 1.8e9)
    | st.sampled_from(["2024-03-01T10:00:00Z", "Security", "x", "é"])
)
INNER = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=4
)
LINES = st.lists(
    st.dictionaries(KEYS, INNER, max_size=6).map(json.dumps)
    | INNER.map(json.dumps)
    | st.sampled_from(
        [
            '{"a": 1',
            "no JSON",
            '{"a": "\\q"}',
            "[1, 2]",
            "",
            '{"a": 1} {"b": 2}',
            '{"a": {}',
            '{"a": [{}',
            '{"time": 1700000000}\r',
            ' {"a": 1}',
            '{"a": "}',
            '{"}',
            '{"a": 1}{"a": {}}',
        ]
    ),
    min_size=1,
    max_size=6,
)


def imported(lines: list[str], form: str = "auto", props: dict[str, str] | None = None) -> tuple[Any, list[str]]:
    told: list[Problem] = []
    options = ImportOptions(
        format=form, now=1.71e9, on_problem=told.append, sourcetype="st" if props else None, props=props or {}
    )
    frames = list(read("\n".join(['{"a": 0}', *lines]).encode(), options, name="x.json"))
    rows = [row for frame in frames for row in frame.to_dicts()]
    return rows, [str(problem) for problem in told]


@pytest.mark.parametrize(
    "props",
    [
        None,
        {"INDEXED_EXTRACTIONS": "json"},
        {"TIMESTAMP_FIELDS": "a.time, ts"},
        {"TIME_PREFIX": '"eventTime"\\s*:\\s*"'},
    ],
)
@settings(examples(60), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(lines=LINES)
def test_a_glance_is_enough(lines: list[str], props: dict[str, str] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = imported(lines, props=props)
    with monkeypatch.context() as patch:
        patch.setattr(glances, "glance", lambda text: None)
        assert imported(lines, props=props) == seen


@settings(examples(60))
@given(
    first=st.sampled_from(
        [
            '{"a": 0}',
            '{"EventID": 1, "Channel": "Security", "Hostname": "h", "EventTime": "x"}',
            '{"Records": [{"a": 1}]}',
        ]
    ),
    lines=LINES,
    rows=st.integers(1, 4),
    size=st.integers(1, 60),
)
def test_many_lines_are_seen_as_one_by_one(first: str, lines: list[str], rows: int, size: int) -> None:
    """The same frames, wherever batches end."""
    options = ImportOptions(now=1.71e9, on_problem=lambda problem: None, batch_rows=rows, batch_bytes=size)
    text = "\n".join([first, *lines, ""]).encode()
    whole = [frame.to_dicts() for frame in read(text, options, name="x.json")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(glances.Glances, "many", lambda self, lines, text: None)
        patch.setattr(jsontext, "_whole_lines", lambda lines, text, look: None)
        assert [frame.to_dicts() for frame in read(text, options, name="x.json")] == whole


def test_what_is_only_glanced_at() -> None:
    plain = glances.glance('{"ts": 1.5, "a": {"EventID": 1, "Records": []}}')
    other = glances.glance('{"ts": 2.5, "time": "now", "_time": null}')
    assert plain is not None and other is not None
    assert glances.stamps([plain, other, plain], lambda v: v if isinstance(v, str) else None) == [None, "now", None]
    assert glances.stamps([plain, other], lambda v: str(v) if isinstance(v, float) else None) == ["1.5", "2.5"]
    for text in ("[1]", "1", '{"a": 1', '{"EventID": 1}', '{"Records": []}', '{"event": "x", "time": 1}', ""):
        assert glances.glance(text) is None


def test_a_number_that_no_float_holds_is_no_reason_to_refuse_an_event() -> None:
    rows, told = imported(['{"time": 1700000000, "a": 1e400}'])
    assert (rows[1]["_time"], told) == (1.7e9, [])

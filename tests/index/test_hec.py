"""HEC request bodies: what is an event, and how a bad one is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.index import hec


def decoded(body: bytes) -> list[hec.Event]:
    return list(hec.decode(body))


def test_events_stack_with_or_without_white_space() -> None:
    body = b'{"event":"a"}{"event":{"k":[1,2.50,null,"\xc3\xa9"]},"time":"1.5"}\n\n {"event":7,"fields":{"f":1,"g":[true,"x"],"h":null}}'
    events = decoded(body)
    assert [event.raw for event in events] == ["a", '{"k":[1,2.5,null,"é"]}', "7"]
    assert [event.time for event in events] == [None, 1.5, None]
    assert events[2].fields == {"f": "1", "g": ["true", "x"]}


def test_arrays_of_events_mix_with_single_ones() -> None:
    body = b'\xef\xbb\xbf[{"event":"a"},{"event":"b"}]{"event":"c"},[]\n[{"event":"d"}]'
    assert [event.raw for event in decoded(body)] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("body", "status", "number"),
    [
        (b"", 5, None),
        (b"  ", 5, None),
        (b"[]", 5, None),
        (b"text", 6, 0),
        (b'{"event":"a"}{"event":', 6, 1),
        (b'[{"event":"a"},{"event":"b"}] rest', 6, 2),
        (b'{"event":"a"} 5', 6, 1),
        (b'{"event":"a"}{"event":"\xff"}', 6, 1),
        (b'{"event":NaN}', 6, 0),
        (b'{"event":{"n":1e999}}', 6, 0),
        (b'{"host":"h"}', 12, 0),
        (b'{"event":null}', 13, 0),
        (b'{"event":"a"}{"event":""}', 13, 1),
        (b'{"event":""}{not json', 13, 0),
        (b'{"event":"a","fields":{"x":{"y":1}}}', 15, 0),
        (b'{"event":"a","fields":[1]}', 15, 0),
        (b'{"event":"a","fields":{"":1}}', 15, 0),
        (b'{"event":"a","fields":{"_raw":"no"}}', 15, 0),
        (b'{"event":"a","fields":{"index":"no"}}', 15, 0),
        (b'{"event":"a","time":"soon"}', 15, 0),
        (b'{"event":"a"}{"event":"a","time":""}', 15, 1),
        (b'{"event":"a","time":true}', 15, 0),
        (b'{"event":"a","time":[1]}', 15, 0),
        (b'{"event":"a","time":"inf"}', 15, 0),
        (b'{"event":"a","time":-1}', 15, 0),
        (b'{"event":"a","time":1e300}', 15, 0),
        (b'{"event":"a","host":5}', 6, 0),
        (b'{"event":"a"}{"event":"a","index":5}', 7, 2),
        (b"[" * 100_000, 6, 0),
    ],
)
def test_refusals_name_status_and_event(body: bytes, status: int, number: int | None) -> None:
    with pytest.raises(hec.HecError) as caught:
        decoded(body)
    assert (caught.value.status, caught.value.number) == (status, number)
    assert caught.value.message == hec.CODES[status][1]


@pytest.mark.parametrize(
    ("time", "seconds"),
    [
        (0, 0.0),
        (1700000000, 1700000000.0),
        ("1700000000.5", 1700000000.5),
        (" 1700000000 ", 1700000000.0),
        (1700000000500, 1700000000.5),
        ("1700000000500", 1700000000.5),
        (1700000000500000, 1700000000.5),
        (1700000000500000000, 1700000000.5),
    ],
)
def test_time_in_any_unit(time: Any, seconds: float) -> None:
    (event,) = decoded(json.dumps({"event": "a", "time": time}).encode())
    assert event.time == pytest.approx(seconds)


def test_halves_of_surrogate_pairs_are_replaced() -> None:
    body = rb'{"event":"a\ud800b","host":"\udc00","fields":{"k\ud83d":"\ud83d\ude00"}}'
    (event,) = decoded(body)
    assert (event.raw, event.host, event.fields) == ("a�b", "�", {"k�": "😀"})
    assert hec.frame([event], hec.Defaults(), now=0).get_column("_raw").to_list() == ["a�b"]


def test_frame_takes_defaults() -> None:
    events = decoded(
        b'{"event":"a","host":"h","fields":{"k":"v"}}{"event":"b","time":3,"fields":{"k":["x","y"]}}{"event":"c","source":""}'
    )
    frame = hec.frame(events, hec.Defaults(host="d", source="s", sourcetype="t", index="i"), now=9.0)
    assert frame.select("_time", "_raw", "host", "source", "sourcetype", "index", "k").rows() == [
        (9.0, "a", "h", "s", "t", "i", ["v"]),
        (3.0, "b", "d", "s", "t", "i", ["x", "y"]),
        (9.0, "c", "d", "s", "t", "i", None),
    ]


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.tuples(JSON, st.sampled_from(["", " ", "\n", ","])), min_size=1, max_size=5))
def test_what_is_posted_is_what_is_kept(posted: list[tuple[Any, str]]) -> None:
    """However events are put together: each event's text, or its JSON; a blank one is refused with its number."""
    body = "".join(json.dumps({"event": event}) + between for event, between in posted).encode()
    blank = [
        n for n, (event, _) in enumerate(posted) if event is None or (isinstance(event, str) and not event.strip())
    ]
    if blank:
        with pytest.raises(hec.HecError) as caught:
            decoded(body)
        assert (caught.value.status, caught.value.number) == (13, blank[0])
        return
    for event, (wanted, _) in zip(decoded(body), posted, strict=True):
        assert event.raw == wanted if isinstance(wanted, str) else json.loads(event.raw) == wanted

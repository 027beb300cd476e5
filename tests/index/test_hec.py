"""HEC request bodies: what is an event, and how a bad one is refused."""

from __future__ import annotations

import pytest

from caltrop.index.importers import hec


def test_events_stack_with_or_without_white_space() -> None:
    body = b'{"event":"a"}{"event":{"k":[1,2.50,null,"\xc3\xa9"]},"time":"1.5"}\n\n {"event":7,"fields":{"f":1,"g":[true,"x"],"h":null}}'
    events = hec.decode(body)
    assert [event.raw for event in events] == ["a", '{"k":[1,2.5,null,"é"]}', "7"]
    assert [event.time for event in events] == [None, 1.5, None]
    assert events[2].fields == {"f": "1", "g": ["true", "x"]}


def test_an_array_of_events() -> None:
    assert [event.raw for event in hec.decode(b'[{"event":"a"},{"event":"b"}]')] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "status", "number"),
    [
        (b"", 5, 0),
        (b"  ", 5, 0),
        (b"text", 6, 0),
        (b'{"event":"a"}{"event":', 6, 1),
        (b'{"event":"a"} 5', 6, 1),
        (b'{"host":"h"}', 12, 0),
        (b'{"event":null}', 12, 0),
        (b'{"event":"a"}{"event":""}', 13, 1),
        (b'{"event":"a","fields":{"x":{"y":1}}}', 15, 0),
        (b'{"event":"a","fields":[1]}', 15, 0),
        (b'{"event":"a","time":"soon"}', 6, 0),
        (b'{"event":"a","time":true}', 6, 0),
        (b'{"event":"a","time":"inf"}', 6, 0),
        (b'{"event":"a","index":5}', 6, 0),
        (b"[" * 100_000, 6, 0),
    ],
)
def test_refusals_name_status_and_event(body: bytes, status: int, number: int) -> None:
    with pytest.raises(hec.HecError) as caught:
        hec.decode(body)
    assert (caught.value.status, caught.value.number) == (status, number)


def test_frame_takes_defaults_and_guards_metadata() -> None:
    events = hec.decode(
        b'{"event":"a","host":"h","fields":{"k":"v","_raw":"no","index":"no"}}{"event":"b","time":3,"fields":{"k":["x","y"]}}'
    )
    frame = hec.frame(events, hec.Defaults(host="d", source="s", sourcetype="t", index="i"), now=9.0)
    assert frame.select("_time", "_raw", "host", "source", "sourcetype", "index", "k").rows() == [
        (9.0, "a", "h", "s", "t", "i", ["v"]),
        (3.0, "b", "d", "s", "t", "i", ["x", "y"]),
    ]

"""Which way data goes into a target, and what becomes of its times."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from caltrop.content.model import AttackData
from caltrop.replay.datasets import Dataset
from caltrop.replay.delivery import deliver
from caltrop.replay.downloads import DatasetError
from caltrop.replay.target import Source

SOURCE = Source(index="t", host="h", source="s", sourcetype="st")
LINES = "2026-03-01T10:00:00Z a=1\n2026-03-01T10:00:30Z a=2\n"
LAST = 1772359230.0  # of LINES, epoch seconds
HEC = '{"time": 1772359200, "event": {"a": 1}, "fields": {"f": "x"}}\n{"time": 1772359230, "event": "two"}\n'
WINDOWS = json.dumps(
    {
        "EventID": 4104, "Channel": "Microsoft-Windows-PowerShell/Operational", "Hostname": "ws1",
        "EventTime": "2026-03-01 10:00:00", "@timestamp": "2026-03-01T10:00:00.000Z", "ScriptBlockText": "dir",
        "SourceName": "Microsoft-Windows-PowerShell", "SourceModuleName": "eventlog", "SourceModuleType": "im_msvistalog",
    }
)  # fmt: skip


class Recorder:
    """Stands in for a target and keeps what it is sent."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.events: list[dict[str, Any]] = []

    def send_raw(self, source: Source, data: bytes) -> None:
        self.raw.append(data)

    def send(self, source: Source, events: Iterable[Mapping[str, Any]]) -> int:
        self.events += [dict(e) for e in events]
        return len(self.events)


def dataset(folder: Path, body: str, name: str = "d.log", **data: Any) -> Dataset:
    path = folder / name
    path.write_text(body)
    return Dataset(path, name, AttackData(data=name, **data))


def sent(what: Dataset, source: Source = SOURCE, end: float | None = None) -> tuple[int | None, Recorder]:
    target = Recorder()
    return deliver(target, what, source, end), target


def test_a_plain_log_goes_as_it_is(tmp_path: Path) -> None:
    count, target = sent(dataset(tmp_path, LINES))
    assert count is None
    assert target.raw == [LINES.encode()]


def test_without_a_source_type_events_are_found_here(tmp_path: Path) -> None:
    count, target = sent(dataset(tmp_path, LINES), Source("t", "h", "", ""))
    assert count == 2 and not target.raw
    assert sorted(e["event"] for e in target.events) == LINES.splitlines()


def test_shifted_data_ends_where_it_should_and_keeps_its_distances(tmp_path: Path) -> None:
    count, target = sent(dataset(tmp_path, LINES), end=2_000_000_000.0)
    assert count == 2
    assert sorted(e["time"] for e in target.events) == [1_999_999_970.0, 2_000_000_000.0]


def test_collector_events_are_unpacked_and_keep_their_fields(tmp_path: Path) -> None:
    count, target = sent(dataset(tmp_path, HEC, "d.json"))
    assert count == 2
    first = min(target.events, key=lambda e: e["time"])
    assert first["event"] == '{"a":1}' and first["fields"] == {"f": "x"}
    assert {e["index"] for e in target.events} == {"t"} and {e["host"] for e in target.events} == {"h"}
    assert max(e["time"] for e in target.events) == LAST


@pytest.mark.parametrize(("rendering", "start"), [("", "<Event"), ("xml", "<Event"), ("classic", "03/01/2026")])
def test_collected_windows_events_are_rendered(tmp_path: Path, rendering: str, start: str) -> None:
    _, target = sent(dataset(tmp_path, WINDOWS, "w.json", rendering=rendering))
    (event,) = target.events
    assert event["event"].startswith(start)
    assert "dir" in event["event"]


def test_a_member_of_an_archive(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x.log", LINES)
        archive.writestr("y.log", "nothing here")
    data = AttackData(data="a.zip", member="x.log")
    count, _ = sent(Dataset(tmp_path / "a.zip", "a.zip", data))
    assert count == 2


def test_no_event_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no event"):
        sent(dataset(tmp_path, "\n\n\n"), end=1.0)

"""The store: what is appended is found again, in order, after merges, crashes and restarts."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop import disk
from caltrop.errors import CaltropError
from caltrop.index import Store, UnknownIndex, bucket
from tests.examples import examples


def event(number: int, *, time: float | None = None, index: str = "main", **fields: object) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "_time": [float(number if time is None else time)],
            "_raw": [f"event {number}"],
            "host": ["h"],
            "source": ["s"],
            "sourcetype": ["t"],
            "index": [index],
            **{name: [value] for name, value in fields.items()},
        }
    )


def raws(store: Store, *names: str) -> list[str]:
    return [raw for s in store.segments(names or None) for raw in s.frame.get_column("_raw")]


def numbers(store: Store) -> list[int]:
    return sorted(int(raw.split()[1]) for raw in raws(store))


@pytest.fixture(params=["memory", "disk"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    store = Store(None if request.param == "memory" else tmp_path / "data")
    store.create_index("main")
    return store


def test_rows_go_to_the_index_they_name(store: Store) -> None:
    store.create_index("_internal")
    store.append(pl.concat([event(1), event(2, index="_internal"), event(3)]))
    assert sorted(raws(store, "main")) == ["event 1", "event 3"]
    assert raws(store, "_internal") == ["event 2"]


def test_unknown_index_adds_nothing(store: Store) -> None:
    with pytest.raises(UnknownIndex, match="nowhere"):
        store.append(pl.concat([event(1), event(2, index="nowhere")]))
    assert raws(store) == []


def test_newest_first_and_later_arrival_first_on_a_tie(store: Store) -> None:
    for number, time in enumerate([5, 9, 5, 1]):
        store.append(event(number, time=time))
    assert raws(store) == ["event 1", "event 2", "event 0", "event 3"]
    store.flush()
    assert raws(store) == ["event 1", "event 2", "event 0", "event 3"]


def test_time_range_chooses_segments_half_open(store: Store) -> None:
    for time in (10, 20, 30):
        store.append(event(time, time=time))
        store.flush()
    found = [s.min_time for s in store.segments(["main"], earliest=20, latest=30)]
    assert found == [20]


def test_a_snapshot_outlives_merge_and_delete(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "FAN_IN", 2)
    store.append(event(1))
    store.flush()
    before = store.segments()
    store.append(event(2))
    store.flush()
    assert len(store.segments()) == 1
    store.delete("main", [store.segments()[0].frame.get_column("_cd")[1]])
    assert before[0].frame.get_column("_raw").to_list() == ["event 1"]
    assert raws(store) == ["event 2"]


@pytest.mark.parametrize("gone", [[0], [2], [1, 3], [3, 4], [0, 1, 2, 3, 4]])
def test_what_is_deleted_from_the_log_stays_away_and_the_rest_does_not(tmp_path: Path, gone: list[int]) -> None:
    left = [number for number in range(5) if number not in gone]
    with Store(tmp_path) as store:
        store.create_index("main")
        for number in range(5):
            store.append(event(number))
        before = store.segments()
        assert store.delete("main", [f"0:{number}" for number in gone]) == len(gone)
        assert numbers(store) == left
        assert sorted(raw for s in before for raw in s.frame.get_column("_raw")) == [f"event {n}" for n in range(5)]
        names = {segment.id for segment in before}
        assert not names & {segment.id for segment in store.segments()}
        assert store.delete("main", [f"0:{number}" for number in gone]) == 0
        store.append(event(7))
    with Store(tmp_path) as store:
        assert numbers(store) == [*left, 7]
        store.append(event(8))
        store.flush()
        assert numbers(store) == [*left, 7, 8]
        addresses = [cd for s in store.segments() for cd in s.frame.get_column("_cd")]
        assert len(set(addresses)) == len(addresses)


def test_addresses_are_unique_and_survive_merging(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.append(event(1))
    store.append(event(2))
    known = {r: c for s in store.segments() for r, c in s.frame.select("_raw", "_cd").iter_rows()}
    monkeypatch.setattr(bucket, "FAN_IN", 2)
    store.flush()
    store.append(event(3))
    store.flush()
    now = {r: c for s in store.segments() for r, c in s.frame.select("_raw", "_cd").iter_rows()}
    assert len(set(now.values())) == 3
    assert known.items() <= now.items()


def test_field_types_are_unified(store: Store) -> None:
    store.append(event(1, tag="a"))
    store.append(event(2, tag=["b", "c"]))
    store.append(event(3, size=7))
    store.append(event(4, size=2.0, tag=[]))
    store.append(event(5, size=2.5))
    (segment,) = store.segments()
    assert segment.frame.schema["tag"] == pl.List(pl.String)
    assert segment.frame.get_column("tag").to_list() == [None, None, None, ["b", "c"], ["a"]]
    assert segment.frame.get_column("size").to_list() == ["2.5", "2", "7", None, None]


def test_missing_times_are_filled(store: Store) -> None:
    store.append(pl.DataFrame({"_raw": ["a"], "index": ["main"], "_time": [float("nan")], "_indextime": [7.0]}))
    (segment,) = store.segments()
    assert segment.frame.select("_time", "_indextime").row(0) == (7.0, 7.0)


@pytest.mark.parametrize("frame", [pl.DataFrame({"_raw": ["a"]}), pl.DataFrame({"_raw": ["a"], "index": [None]})])
def test_frames_without_an_index_are_refused(store: Store, frame: pl.DataFrame) -> None:
    with pytest.raises(CaltropError, match="index"):
        store.append(frame)


@pytest.mark.parametrize("name", ["", "../up", "A", "a/b", "-a", "kvstore", "a.b", "__x", "a" * 100])
def test_bad_index_names(store: Store, name: str) -> None:
    with pytest.raises(CaltropError, match="name of an index"):
        store.create_index(name)


def test_settings_and_removal(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        assert store.create_index("web", frozenTimePeriodInSecs=60)
        assert not store.create_index("web", maxTotalDataSizeMB=5)
        store.create_index("gone")
        store.append(event(1, index="gone"))
        store.delete_index("gone")
        with pytest.raises(UnknownIndex):
            store.delete_index("gone")
    with Store(tmp_path) as store:
        assert store.indexes() == ["web"]
        assert store.info("web").settings == {"frozenTimePeriodInSecs": 60, "maxTotalDataSizeMB": 5}


def test_info_and_metadata(store: Store) -> None:
    store.append(event(10))
    store.flush()
    store.append(event(20).with_columns(host=pl.lit("other"), _indextime=pl.lit(99.0)))
    store.append(event(30).with_columns(host=pl.lit("other"), _indextime=pl.lit(50.0)))
    info = store.info("main")
    assert (info.count, info.min_time, info.max_time, info.raw_size) == (3, 10, 30, 24)
    assert store.metadata("host")["other"] == (2, 20, 30, 99)
    assert store.metadata("sourcetype", latest=15)["t"][0] == 1
    with pytest.raises(CaltropError, match="no metadata"):
        store.metadata("user")


def test_retention_by_age_and_size(store: Store) -> None:
    store.create_index("main", frozenTimePeriodInSecs=50)
    for time in (100, 150, 190):
        store.append(event(time, time=time))
        store.flush()
    assert store.clean(now=195) == {"main": 1}
    assert numbers(store) == [150, 190]
    newest = store.segments()[0].size
    store.create_index("main", maxTotalDataSizeMB=newest / (1 << 20))
    assert store.clean(now=195) == {"main": 1}
    assert numbers(store) == [190]


def test_restart_keeps_everything(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        for number in range(30):
            store.append(event(number, extra=str(number) if number % 2 else None))
            if number == 20:
                store.flush()
    with Store(tmp_path) as store:
        assert numbers(store) == list(range(30))
        store.append(event(30))
        addresses = [cd for s in store.segments() for cd in s.frame.get_column("_cd")]
        assert len(set(addresses)) == 31


@pytest.mark.parametrize("lasting", [True, False])
def test_the_disk_is_waited_for_where_anything_lasts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lasting: bool
) -> None:
    waited: list[int] = []
    monkeypatch.setattr(os, "fsync", waited.append)
    monkeypatch.setattr(disk, "_lasting", lasting)
    with Store(tmp_path / "data") as store:
        store.create_index("main")
        made = len(waited)
        store.append(event(1))
        appended = len(waited)
        store.flush()
        assert numbers(store) == [1]
    assert (0 < made < appended < len(waited)) if lasting else not waited


def test_one_process_at_a_time(tmp_path: Path) -> None:
    with Store(tmp_path), pytest.raises(CaltropError, match="another process"):
        Store(tmp_path)
    Store(tmp_path).close()


def test_small_batches_leave_few_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "SEAL_ROWS", 10)
    with Store(tmp_path) as store:
        store.create_index("main")
        for number in range(300):
            store.append(event(number))
        assert len(store.segments()) < 3 * bucket.FAN_IN
        assert numbers(store) == list(range(300))
        assert len(list((tmp_path / "main").iterdir())) < 3 * bucket.FAN_IN + 2


def test_large_batch_beside_waiting_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "SEAL_ROWS", 10)
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(0))
        store.append(pl.concat([event(n) for n in range(1, 21)]))
        store.append(event(21))
        shutil.copytree(tmp_path, tmp_path.parent / "crash", ignore=shutil.ignore_patterns("lock"))
    with Store(tmp_path.parent / "crash") as store:
        assert numbers(store) == list(range(22))
        store.append(event(22))
        assert len({cd for s in store.segments() for cd in s.frame.get_column("_cd")}) == 23


@given(data=st.data())
@examples(25)
def test_a_torn_log_loses_nothing_acknowledged(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    base = tmp_path_factory.mktemp("torn")
    ends: list[int] = []
    with Store(base / "live") as store:
        store.create_index("main")
        log = base / "live" / "main" / "00000000.log"
        for number in range(5):
            store.append(event(number))
            ends.append(log.stat().st_size)
    cut = data.draw(st.integers(0, ends[-1]))
    garbage = data.draw(st.binary(max_size=20))
    content = log.read_bytes()[:cut] + garbage
    log.write_bytes(content)
    whole = sum(end <= cut for end in ends)
    with Store(base / "live") as store:
        assert numbers(store)[:whole] == list(range(whole))
        store.append(event(77))
    with Store(base / "live") as store:
        assert 77 in numbers(store)


WRITER = """
import sys
from pathlib import Path
import polars as pl
from caltrop.index import Store, bucket
bucket.SEAL_ROWS, bucket.FAN_IN = 20, 3
store = Store(Path(sys.argv[1]))
store.create_index("main")
for number in range(100_000):
    store.append(pl.DataFrame({"_time": [float(number)], "_raw": [f"event {number}"], "index": ["main"]}))
    print(number, flush=True)
"""


@pytest.mark.parametrize("events", [5, 130])
def test_a_killed_process_loses_nothing_acknowledged(tmp_path: Path, events: int) -> None:
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(events):
            process.stdout.readline()
        process.kill()
        acknowledged = events + len(
            [line for line in process.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
        )
    with Store(tmp_path) as store:
        found = numbers(store)
        assert found[:acknowledged] == list(range(acknowledged))
        assert len(found) <= acknowledged + 1


class FailingFile:
    """A file that takes a few bytes and then says that the disk is full."""

    def __init__(self, file: Any) -> None:
        self._file = file
        self._full = False

    def write(self, data: memoryview) -> int:
        if self._full:
            raise OSError(28, "No space left on device")
        self._full = True
        return int(self._file.write(data[:10]))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._file, name)


def test_a_full_disk_leaves_no_torn_record_behind(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(1))
        log = store._buckets["main"]._log
        assert log is not None
        whole = log._file
        log._file = FailingFile(whole)  # type: ignore[assignment]
        with pytest.raises(CaltropError, match="No space"):
            store.append(event(2))
        log._file = whole
        store.append(event(3))
        assert numbers(store) == [1, 3]
    with Store(tmp_path) as store:
        assert numbers(store) == [1, 3]


def test_an_index_made_again_has_other_segments(store: Store) -> None:
    store.append(event(1))
    store.flush()
    old = store.segments()[0].id
    store.delete_index("main")
    store.create_index("main")
    store.append(event(2))
    store.flush()
    assert store.segments()[0].id != old


def test_files_of_an_unfinished_seal_are_removed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(1))
    folder = tmp_path / "main"
    for name in ("00000001.arrow", "00000001.log", "00000002.arrow.tmp"):
        (folder / name).write_bytes(b"half")
    with Store(tmp_path) as store:
        assert numbers(store) == [1]
        assert sorted(f.name for f in folder.iterdir()) == ["00000000.log", "manifest.json"]


def test_a_damaged_segment_names_its_file(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(1))
        store.flush()
        next((tmp_path / "main").glob("*.arrow")).write_bytes(b"no arrow")
        with pytest.raises(CaltropError, match=r"\.arrow"):
            _ = store.segments()[0].frame


@given(data=st.data())
@examples(30)
def test_a_flipped_byte_is_noticed_wherever_it_lies(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Refused, or repaired with a message: whatever a search still finds is what was stored, and the rest is named."""
    base = tmp_path_factory.mktemp("flipped")
    with Store(base) as store:
        store.create_index("main")
        for number in range(8):
            store.append(event(number))
            if number == 3:
                store.flush()
    suffix, part, bit = data.draw(
        st.tuples(st.sampled_from([".log", ".arrow", ".json"]), st.integers(0, 999), st.integers(0, 7))
    )
    (file,) = (base / "main").glob(f"*{suffix}")
    content = bytearray(file.read_bytes())
    content[len(content) * part // 1000] ^= 1 << bit
    file.write_bytes(content)
    try:
        with Store(base) as store:
            found = numbers(store)
            assert set(found) <= set(range(8))
            torn = file.suffix == ".log" and found == list(
                range(7)
            )  # the last record may be one that was never acknowledged
            assert found == list(range(8)) or torn or any(str(file) in problem for problem in store.problems)
            store.append(event(77))
            places = [cd for s in store.segments() for cd in s.frame.get_column("_cd")]
            assert len(places) == len(set(places))
    except CaltropError as error:
        assert str(file) in str(error)


def test_records_after_a_damaged_one_are_there_and_the_log_is_kept(tmp_path: Path) -> None:
    for place in (3, 30, 400):  # its length, its checksum or its payload
        base = tmp_path / str(place)
        with Store(base) as store:
            store.create_index("main")
            for number in range(4):
                store.append(event(number))
        log = base / "main" / "00000000.log"
        whole = log.read_bytes()
        second = len(whole) // 4
        log.write_bytes(whole[: second + place] + bytes([whole[second + place] ^ 255]) + whole[second + place + 1 :])
        with Store(base) as store:
            assert set(numbers(store)) >= {0, 2, 3}
            assert "00000000.log.damaged" in store.problems[0]
        assert (base / "main" / "00000000.log.damaged").stat().st_size == len(whole)


def test_a_truncated_segment_is_refused_and_one_moved_away_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(1))
        store.flush()
        store.append(event(2))
    (segment,) = (tmp_path / "main").glob("*.arrow")
    segment.write_bytes(segment.read_bytes()[:-100])
    with Store(tmp_path) as store, pytest.raises(CaltropError, match="checksum"):
        numbers(store)
    segment.rename(tmp_path / "elsewhere")
    with Store(tmp_path) as store:
        assert numbers(store) == [2]
        assert "1 events with it" in store.problems[0]
    with Store(tmp_path) as store:
        assert not store.problems, "it is told once"


def test_threads_append_while_others_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bucket, "SEAL_ROWS", 20)
    monkeypatch.setattr(bucket, "FAN_IN", 3)
    failures: list[BaseException] = []
    with Store(tmp_path) as store:
        store.create_index("main")

        def write(first: int) -> None:
            for number in range(first, first + 30):
                store.append(event(number))

        def read() -> None:
            seen = 0
            try:
                while seen < 90:
                    now = sum(s.frame.height for s in store.segments())
                    assert now >= seen
                    seen = now
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=write, args=(n,)) for n in (0, 30, 60)] + [threading.Thread(target=read)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(timeout=30)
        assert not failures
        assert numbers(store) == list(range(90))


def _retire(store: Store, how: str) -> None:
    """Replace the segments of main, by each way that removes their files."""
    if how == "merge":
        store.append(event(2))
        store.flush()
    elif how == "delete":
        store.delete("main", pl.Series(["0:0"]))
    elif how == "retention":
        store.create_index("main", frozenTimePeriodInSecs=1)
        store.clean(now=1e9)
    else:
        store.delete_index("main")


@pytest.mark.parametrize("how", ["merge", "delete", "retention", "removal"])
def test_a_search_still_reads_the_segments_it_took_after_their_files_are_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """After a restart segments are on disk alone: what takes a file away reads it first, for the search that holds it."""
    monkeypatch.setattr(bucket, "FAN_IN", 2)
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(1))
        store.flush()
    with Store(tmp_path) as store:
        before = store.segments()
        paths = [segment.path for segment in before]
        _retire(store, how)
        assert not any(path is not None and path.exists() for path in paths)
        assert [raw for segment in before for raw in segment.frame.get_column("_raw")] == ["event 1"]


def test_an_address_is_not_given_again_though_its_event_was_the_last(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.create_index("main")
        store.append(event(0))
        store.append(event(1))
        store.delete("main", pl.Series(["0:1"]))
    with Store(tmp_path) as store:
        store.append(event(2))
        assert sorted(a for s in store.segments() for a in s.frame.get_column("_cd")) == ["0:0", "0:2"]

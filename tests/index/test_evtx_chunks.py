"""What an event log file says of itself, against what was read of it."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path

import pytest

from caltrop.index.importers import ImportOptions, Problem, read
from caltrop.index.importers.evtxchunks import CHUNK_BYTES, HEADER_BYTES, Survey, survey


def header(chunks: int, following: int, *, dirty: bool = False) -> bytes:
    head = bytearray(HEADER_BYTES)
    head[:8] = b"ElfFile\x00"
    struct.pack_into("<Q", head, 24, following)
    struct.pack_into("<H", head, 42, chunks)
    struct.pack_into("<I", head, 120, int(dirty))
    return bytes(head)


def chunk(first: int, last: int, *, numbers: tuple[int, int] | None = None) -> bytes:
    body = bytearray(CHUNK_BYTES)
    body[:8] = b"ElfChnk\x00"
    struct.pack_into("<QQQQ", body, 8, *(numbers or (first, last)), first, last)
    return bytes(body)


def surveyed(data: bytes) -> Survey:
    return survey(io.BytesIO(data), len(data))


WHOLE = header(2, 21) + chunk(1, 10) + chunk(11, 20)


def test_a_whole_file_has_no_fault() -> None:
    assert surveyed(WHOLE).faults(range(1, 21)) == []


def test_a_cut_file_tells_chunks_and_records() -> None:
    found = surveyed(WHOLE[: HEADER_BYTES + CHUNK_BYTES + 1000])
    assert found.cut
    assert found.faults(range(1, 13)) == [
        "the event log is cut: its header announces 2 chunks, 1 whole chunks and one in part are here",
        "8 records are missing, by number: 13 to 20",
    ]


def test_a_file_cut_between_chunks_lacks_what_the_header_counts() -> None:
    assert surveyed(WHOLE[: HEADER_BYTES + CHUNK_BYTES]).faults(range(1, 11)) == [
        "the event log is cut: its header announces 2 chunks, 1 whole chunks are here",
        "10 records are missing, by number: 11 to 20",
    ]


def test_the_header_of_a_log_that_was_not_closed_announces_nothing() -> None:
    assert surveyed(header(1, 1, dirty=True) + chunk(1, 10) + chunk(11, 20)).faults(range(1, 21)) == []


def test_unreadable_records_inside_are_told_by_number() -> None:
    read_of_it = set(range(1, 21)) - {4, 7, 8, 9}
    assert surveyed(WHOLE).faults(read_of_it) == ["4 records are missing, by number: 4, 7 to 9"]


def test_a_selection_with_gaps_in_its_identifiers_is_no_fault() -> None:
    exported = header(1, 91) + chunk(5, 90, numbers=(1, 3))
    assert [fault for fault in surveyed(exported).faults([5, 40, 90]) if "cut" in fault] == []


def test_long_lists_are_shortened() -> None:
    fault = surveyed(WHOLE).faults(range(1, 21, 2))[0]
    assert fault == "10 records are missing, by number: 2, 4, 6, 8, 10, 12, 14, 16 …"


@pytest.mark.parametrize("size", [0, 8, 100, HEADER_BYTES, HEADER_BYTES + 10])
def test_pieces_of_a_file_are_no_error(size: int) -> None:
    assert surveyed(WHOLE[:size]).chunks == ()


def test_absurd_numbers_are_not_believed() -> None:
    data = header(1, 2**60) + chunk(2**50, 2**62)
    assert surveyed(data).faults([]) == []


@pytest.mark.shared
def test_records_before_the_cut_are_kept(shared: Path) -> None:
    with zipfile.ZipFile(shared / "datasets/attack_data/T1003.001-procdump-evtx.zip") as archive:
        whole = archive.read("Microsoft-Windows-PowerShell%4Operational.evtx")
    problems: list[Problem] = []
    options = ImportOptions(on_problem=problems.append)
    events = sum(frame.height for frame in read(whole[:900_000], options, name="cut.evtx"))
    assert events == 1635  # 1,556 in whole chunks
    told = [problem.message for problem in problems]
    assert "the event log is cut: 13 whole chunks and one in part are here" in told
    assert "40 records are missing, by number: 261184 to 261223" in told

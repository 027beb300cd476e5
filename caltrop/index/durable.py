"""Files that survive a crash: replaced as a whole, or appended to record by record.

A log is a sequence of records, each a header (`<II`: length, CRC-32 of the payload) and a payload. A record counts when
it is complete and its checksum holds; the first one that does not ends the log, since nothing after it was acknowledged.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from caltrop import disk

CHUNK = 1 << 20
HEADER = struct.Struct("<II")
SCAN_BYTES = 1 << 30


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        disk.sync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that after a crash either the old or the new content is there, complete."""
    draft = path.with_name(path.name + ".tmp")
    with draft.open("wb") as file:
        write(file)
        file.flush()
        disk.sync(file.fileno())
    draft.replace(path)
    sync_directory(path.parent)


def checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    with path.open("rb") as file:
        while part := file.read(CHUNK):
            value = zlib.crc32(part, value)
    return value


class Log:
    """An append-only file. Threads that wait for the disk at the same time share one fsync.

    After a failed write the file ends where it did before; after a failed fsync nobody knows what is on disk, and the
    log takes no more.
    """

    def __init__(self, path: Path, *, fresh: bool = False) -> None:
        self.path = path
        self._file = path.open("wb" if fresh else "ab", buffering=0)
        self._end = self._file.seek(0, os.SEEK_END)
        self._written = 0
        self._synced = 0
        self._broken: OSError | None = None
        self._sync_lock = threading.Lock()

    def write(self, payload: bytes) -> int:
        """Add a record and return a ticket for `sync`. The caller keeps other writers away."""
        if self._broken is not None:
            raise self._broken
        rest = memoryview(HEADER.pack(len(payload), zlib.crc32(payload)) + payload)
        length = len(rest)
        try:
            while rest:
                rest = rest[self._file.write(rest) :]
        except OSError:
            self._file.truncate(self._end)
            raise
        self._end += length
        self._written += 1
        return self._written

    def sync(self, ticket: int) -> None:
        """Return once the record of this ticket is on disk."""
        with self._sync_lock:
            if self._synced < ticket:
                written = self._written
                self._fsync()
                self._synced = written

    def close(self) -> None:
        """Everything written is on disk afterwards, also for threads still waiting in `sync`."""
        with self._sync_lock:
            if not self._file.closed:
                self._fsync()
                self._file.close()
            self._synced = self._written

    def _fsync(self) -> None:
        if self._broken is not None:
            raise self._broken
        try:
            disk.sync(self._file.fileno())
        except OSError as error:
            self._broken = error
            raise


@dataclass(slots=True)
class Found:
    """What was in a log: the payloads of its whole records, and the bytes in front of a whole record that are none."""

    payloads: list[bytes] = field(default_factory=list)
    damaged: int = 0


def read_log(path: Path) -> Found:
    """All whole records. A torn end was never acknowledged and is cut off, so that the log can be appended to again.

    Bytes that are no record and have records after them were damaged later: they are passed over and counted, and the file is
    kept beside the log as it was.
    """
    data = memoryview(path.read_bytes())
    found, at, good, skipped = Found(), 0, 0, 0
    while at + HEADER.size <= len(data):
        payload = _record_at(data, at)
        if payload is None:
            after = _next_record(data, at)
            if after is None:
                break
            skipped += after - at
            at = after
            continue
        found.payloads.append(payload)
        at += HEADER.size + len(payload)
        good = at
    found.damaged = skipped
    if skipped:
        path.with_suffix(".log.damaged").write_bytes(data)
    if good < len(data):
        with path.open("r+b") as file:
            file.truncate(good)
    return found


def _record_at(data: memoryview, at: int) -> bytes | None:
    """The payload of the record that begins there; None where none does."""
    length, checksum = _header(data, at)
    payload = data[at + HEADER.size : at + HEADER.size + length]
    if not length or len(payload) != length or zlib.crc32(payload) != checksum:
        return None
    return bytes(payload)


def _header(data: memoryview, at: int) -> tuple[int, int]:
    length, checksum = HEADER.unpack_from(data, at)
    return int(length), int(checksum)


def _next_record(data: memoryview, at: int) -> int | None:
    """Where the next whole record begins: after this one by its length, else anywhere after."""
    length, _ = _header(data, at)
    behind = at + HEADER.size + length
    if length and behind + HEADER.size <= len(data) and _record_at(data, behind) is not None:
        return behind
    left = (
        SCAN_BYTES  # bytes that are looked at: each place that could be a header costs a checksum of what it announces
    )
    for place in range(at + 1, len(data) - HEADER.size):
        length, _ = _header(data, place)
        if not 0 < length <= len(data) - place - HEADER.size:
            continue
        left -= length
        if left < 0:
            return None
        if _record_at(data, place) is not None:
            return place
    return None

"""Files that survive a crash: replaced as a whole, or appended to record by record.

A log is a sequence of records, each a header (`<II`: length, CRC-32 of the payload) and a payload. A record counts when
it is complete and its checksum holds; the first one that does not ends the log, since nothing after it was acknowledged.
"""

from __future__ import annotations

import os
import struct
import threading
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO

CHUNK = 1 << 20
HEADER = struct.Struct("<II")


def sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, write: Callable[[IO[bytes]], object]) -> None:
    """Write a file so that after a crash either the old or the new content is there, complete."""
    draft = path.with_name(path.name + ".tmp")
    with draft.open("wb") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
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
            os.fsync(self._file.fileno())
        except OSError as error:
            self._broken = error
            raise


def read_log(path: Path) -> Iterator[bytes]:
    """The payloads of all complete records. A torn end is cut off, so that the log can be appended to again."""
    with path.open("r+b") as file:
        good = 0
        while len(header := file.read(HEADER.size)) == HEADER.size:
            length, checksum = HEADER.unpack(header)
            payload = file.read(length)
            if len(payload) != length or zlib.crc32(payload) != checksum:
                break
            good = file.tell()
            yield payload
        file.truncate(good)

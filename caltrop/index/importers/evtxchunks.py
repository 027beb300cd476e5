"""What a Windows event log file says of itself: chunks announced and found, and the records that each of them holds.

The parser reads whole chunks and passes over everything else without a word; this tells what it passed over. Layout: a file
header of 4,096 bytes, then chunks of 65,536 bytes, each with the numbers of its records ("EVTX", libyal's format notes).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

HEADER_BYTES = 4096
CHUNK_BYTES = 65_536
_FILE = b"ElfFile\x00"
_CHUNK = b"ElfChnk\x00"
_DIRTY = 1  # the log was not closed: its header is older than its chunks
_RANGES_TOLD = 8


@dataclass(frozen=True, slots=True)
class Chunk:
    """A chunk's place in the file, and the first and last identifier of its records (both included)."""

    number: int
    first: int
    last: int
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Survey:
    """`announced` chunks and `following` (the identifier after the last record) are None where the header cannot know."""

    announced: int | None
    following: int | None
    chunks: tuple[Chunk, ...]

    @property
    def cut(self) -> bool:
        """Whether the last chunk is there in part."""
        return bool(self.chunks) and not self.chunks[-1].whole

    def faults(self, read: Iterable[int]) -> list[str]:
        """What is missing, given the identifiers of the records that were read."""
        told: list[str] = []
        whole = sum(chunk.whole for chunk in self.chunks)
        if self.cut or (self.announced is not None and self.announced > whole):
            announced = "" if self.announced is None else f"its header announces {self.announced} chunks, "
            part = " and one in part" if self.cut else ""
            told.append(f"the event log is cut: {announced}{whole} whole chunks{part} are here")
        missing = sorted(self._expected() - set(read))
        if missing:
            told.append(f"{len(missing)} records are missing, by number: {_ranges(missing)}")
        return told

    def _expected(self) -> set[int]:
        found = {number for chunk in self.chunks for number in range(chunk.first, chunk.last + 1)}
        if found and self.following is not None:
            found.update(range(max(found) + 1, self.following))
        return found


def survey(file: BinaryIO, size: int) -> Survey:
    """Read the headers of a file of `size` bytes; the place in it is lost. Damaged headers announce nothing."""
    file.seek(0)
    head = file.read(HEADER_BYTES)
    announced: int | None = None
    following: int | None = None
    if head.startswith(_FILE) and len(head) >= 124 and not struct.unpack_from("<I", head, 120)[0] & _DIRTY:
        announced = struct.unpack_from("<H", head, 42)[0]
        following = struct.unpack_from("<Q", head, 24)[0]
    chunks: list[Chunk] = []
    for number, start in enumerate(range(HEADER_BYTES, size, CHUNK_BYTES)):
        file.seek(start)
        chunk = file.read(48)
        if not chunk.startswith(_CHUNK) or len(chunk) < 40:
            continue
        low, high, first, last = struct.unpack_from("<QQQQ", chunk, 8)
        # Exported logs may hold a selection: then identifiers have gaps, and only the count of a chunk is known.
        if last < first or last - first > CHUNK_BYTES or last - first != high - low:
            first, last = 0, -1
        chunks.append(Chunk(number, first, last, start + CHUNK_BYTES <= size))
    if following is not None and (not chunks or following - max(chunk.last for chunk in chunks) > CHUNK_BYTES**2):
        following = None
    return Survey(announced, following, tuple(chunks))


def _ranges(numbers: Sequence[int]) -> str:
    """`3, 7 to 9, 12`, at most a few of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][1] + 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    told = [str(low) if low == high else f"{low} to {high}" for low, high in runs[:_RANGES_TOLD]]
    return ", ".join(told) + (" …" if len(runs) > _RANGES_TOLD else "")

"""Files, folders, archives and streams as named streams of bytes.

Members of archives are read where they are: nothing is unpacked to disk, so that names of members lead nowhere.
`archive.zip!member` names one member. What a member may unpack to is bounded in bytes, what an archive may, in relation to its size.
"""

from __future__ import annotations

import gzip
import io
import sys
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from caltrop.errors import CaltropError, Location
from caltrop.index.importers import packing
from caltrop.index.importers.options import ImportOptions

CHUNK = 1 << 20
Readable = IO[bytes] | io.RawIOBase | gzip.GzipFile
# The ratio is judged only beyond this many bytes: short members of repeated text pack very well.
RATIO_FLOOR = 64 << 20


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read. `path` is set when it is a plain file that may also be opened by name."""

    name: str
    stream: IO[bytes]
    modified: float | None = None
    path: Path | None = None


def walk(what: str | Path | bytes | IO[bytes], options: ImportOptions, name: str = "") -> Iterator[Source]:
    """Everything to be read of a path (file, archive, `archive!member`), of bytes, or of an open stream.

    A source is valid until the next one is asked for.
    """
    if isinstance(what, bytes):
        yield from _opened(Source(name or "bytes", io.BytesIO(what)), options, None)
    elif isinstance(what, str | Path):
        yield from _path(what, options)
    else:
        yield from _opened(Source(name or str(getattr(what, "name", "stream")), what), options, None)


def files(folder: Path) -> list[Path]:
    """The files below a folder, sorted; hidden ones and links are left out."""
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.is_file()
        and not file.is_symlink()
        and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]


def _path(what: str | Path, options: ImportOptions) -> Iterator[Source]:
    path, member = Path(what), None
    if not path.exists() and "!" in str(what):
        archive, _, member = str(what).partition("!")
        path = Path(archive)
    try:
        stream = path.open("rb")
        stream.peek(1)  # what opens need not be readable: a folder of a network that is gone, memory of a process
    except OSError as error:
        raise CaltropError(
            f"cannot be read: {error.strerror or error}", location=Location(str(what)), hint="check the path"
        ) from None
    with stream:
        yield from _opened(Source(str(path), stream, path.stat().st_mtime, path), options, member)


def _opened(source: Source, options: ImportOptions, member: str | None) -> Iterator[Source]:
    head, source = peek(source, 512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        yield from _zip(source, options, member)
    elif head.startswith(packing.SEVEN_ZIP):
        yield from _seven_zip(source, options, member)
    elif (unpacked := packing.stream_of(head, source.stream, source.name)) is not None:
        yield from _packed(source, unpacked, options, member)
    elif head[257:262] == b"ustar":
        yield from _tar(source, options, member)
    elif head.startswith(packing.RAR):
        raise CaltropError(
            "RAR files cannot be read", location=Location(source.name), hint="unpack the file, or use zip or gzip"
        )
    elif member is not None:
        raise CaltropError("is no archive", location=Location(source.name), hint="leave out what follows the '!'")
    else:
        yield source


def peek(source: Source, size: int) -> tuple[bytes, Source]:
    """The first bytes, and the source as it was before."""
    if source.stream.seekable():
        at = source.stream.tell()
        head = source.stream.read(size)
        source.stream.seek(at)
        return head, source
    head = b""
    while len(head) < size and (more := source.stream.read(size - len(head))):
        head += more
    return head, Source(source.name, io.BufferedReader(_Prefixed(head, source.stream), CHUNK), source.modified)


class _Prefixed(io.RawIOBase):
    """A stream with bytes put back in front of it."""

    def __init__(self, head: bytes, rest: IO[bytes]) -> None:
        self._head = head
        self._rest = rest

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._head:
            data, self._head = self._head[: len(buffer)], self._head[len(buffer) :]
        else:
            data = self._rest.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)


class _Budget:
    """Bytes that all members of an archive may unpack to, by the archive's own size (null: not known)."""

    def __init__(self, packed: int | None, options: ImportOptions) -> None:
        self.each = options.max_bytes
        self.left = sys.maxsize if packed is None else max(packed * options.max_ratio, RATIO_FLOOR)

    def check(self, name: str, count: int) -> None:
        """Raises `CaltropError` where a member of so many bytes is one too many."""
        if count > self.each or self.left < 0:
            raise CaltropError(
                f"unpacks to more than is allowed ({count:,} bytes so far)",
                location=Location(name),
                hint="if the archive is to be trusted, unpack it and read the files",
            )


class _Bounded(io.RawIOBase):
    """Unpacked bytes, counted: too many of them, or too many for what they were packed in, are refused."""

    def __init__(self, name: str, stream: Readable, budget: _Budget) -> None:
        self._name = name
        self._stream = stream
        self._count = 0
        self._budget = budget

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        with _archive_errors(self._name):
            data = self._stream.read(len(buffer))
        self._count += len(data)
        self._budget.left -= len(data)
        self._budget.check(self._name, self._count)
        buffer[: len(data)] = data
        return len(data)


@contextmanager
def _archive_errors(name: str) -> Iterator[None]:
    try:
        yield
    except (
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        EOFError,
        OSError,
        NotImplementedError,  # zipfile: a compression that it does not know
        RuntimeError,  # zipfile: encrypted
    ) as error:
        raise CaltropError(f"damaged or unsupported archive: {error}", location=Location(name)) from None


def _member(source: Source, options: ImportOptions) -> Iterator[Source]:
    head, source = peek(source, 512)
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")) or packing.is_packed(head) or head[257:262] == b"ustar":
        raise CaltropError(
            "is an archive within an archive", location=Location(source.name), hint="unpack the outer archive first"
        )
    yield source


def _wanted(name: str, member: str | None) -> bool:
    if member is not None:
        return name == member
    base = name.rsplit("/", 1)[-1]
    return bool(base) and not base.startswith(".") and not name.startswith("__MACOSX/")


def _nothing(source: Source, member: str | None) -> CaltropError:
    what = "holds no files" if member is None else f"has no member {member!r}"
    return CaltropError(what, location=Location(source.name))


def _zip(source: Source, options: ImportOptions, member: str | None) -> Iterator[Source]:
    seekable = source.stream if source.stream.seekable() else io.BytesIO(_whole(source, options))
    with _archive_errors(source.name):
        archive = zipfile.ZipFile(seekable)
    found = False
    budget = _Budget(_length(seekable), options)
    for info in archive.infolist():
        if info.is_dir() or not _wanted(info.filename, member):
            continue
        found = True
        name = f"{source.name}!{_shown(info.filename)}"
        if info.flag_bits & 1:
            raise CaltropError("is encrypted", location=Location(name), hint="unpack it with its password first")
        with _archive_errors(name):
            stream = archive.open(info)
        with stream:
            yield from _member(Source(name, _buffered(name, stream, budget), source.modified), options)
    if not found:
        raise _nothing(source, member)


def _packed(source: Source, stream: Readable, options: ImportOptions, member: str | None) -> Iterator[Source]:
    """One file, or a tar, packed as a whole."""
    budget = _Budget(_length(source.stream), options)
    inner = _buffered(source.name, stream, budget)
    head, unpacked = peek(Source(source.name, inner, source.modified), 512)
    if head[257:262] == b"ustar":
        yield from _tar(unpacked, options, member)
    elif member is not None:
        raise CaltropError("is no archive", location=Location(source.name), hint="leave out what follows the '!'")
    else:
        yield from _member(unpacked, options)


def _seven_zip(source: Source, options: ImportOptions, member: str | None) -> Iterator[Source]:
    seekable = source.stream if source.stream.seekable() else io.BytesIO(_whole(source, options))
    budget = _Budget(_length(seekable), options)
    counts: dict[str, int] = {}

    def spend(name: str, size: int) -> None:
        counts[name] = counts.get(name, 0) + size
        budget.left -= size
        budget.check(f"{source.name}!{_shown(name)}", counts[name])

    found = False
    for name, stream in packing.members(seekable, source.name, lambda name: _wanted(name, member), spend):
        found = True
        yield from _member(Source(f"{source.name}!{_shown(name)}", stream, source.modified), options)
    if not found:
        raise _nothing(source, member)


def _tar(source: Source, options: ImportOptions, member: str | None) -> Iterator[Source]:
    with _archive_errors(source.name):
        archive = tarfile.open(fileobj=source.stream, mode="r|")  # noqa: SIM115  members are read lazily
    found = False
    budget = _Budget(None, options)
    while True:
        with _archive_errors(source.name):
            info = archive.next()
        if info is None:
            break
        if not info.isreg() or not _wanted(info.name, member):
            continue
        found = True
        name = f"{source.name}!{_shown(info.name)}"
        stream = archive.extractfile(info)
        assert stream is not None  # a regular file
        yield from _member(Source(name, _buffered(name, stream, budget), float(info.mtime)), options)
    if not found:
        raise _nothing(source, member)


def _shown(name: str) -> str:
    """A member's name as it may be printed: whoever made the archive chose it."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in name)


def _buffered(name: str, stream: Readable, budget: _Budget) -> IO[bytes]:
    # Not seekable on purpose: seeking in packed data means unpacking it again.
    return io.BufferedReader(_Bounded(name, stream, budget), CHUNK)


def _length(stream: IO[bytes]) -> int | None:
    if not stream.seekable():
        return None
    at = stream.tell()
    end = stream.seek(0, io.SEEK_END)
    stream.seek(at)
    return end - at


def _whole(source: Source, options: ImportOptions) -> bytes:
    data = source.stream.read(options.max_bytes + 1)
    if len(data) > options.max_bytes:
        raise CaltropError(f"is larger than {options.max_bytes:,} bytes", location=Location(source.name))
    return data


def stem(name: str) -> str:
    """The source type of an unknown text: the name of its file, as Splunk does."""
    base = name.rsplit("!", 1)[-1]
    packed = next((suffix for suffix in packing.SUFFIXES if base.endswith(suffix)), "")
    return Path(base.removesuffix(packed)).stem or "text"


def chunks(stream: IO[bytes]) -> Iterator[bytes]:
    while data := stream.read(CHUNK):
        yield data

"""Packed streams other than zip and tar: gzip, bzip2, xz, Zstandard, and 7-Zip archives.

Each kind by its magic bytes. What they unpack to is bounded by who reads it (`sources.py`); what unpacking may take of memory
is bounded here. Zstandard and 7-Zip need packages of the extra `archives`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tempfile
from collections.abc import Callable, Iterator
from typing import IO, Any

from caltrop.errors import CaltropError, Location

CHUNK = 1 << 18
PIECE = 1 << 10  # of Zstandard
MEMORY = 512 << 20  # that a dictionary or window may take
SPOOLED = 16 << 20  # bytes of a 7-Zip member that stay in memory
GZIP, BZIP2, XZ, ZSTD, SEVEN_ZIP, RAR = (
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"\x28\xb5\x2f\xfd",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
)
SUFFIXES = (".gz", ".bz2", ".xz", ".zst", ".zstd")
_STREAMS: dict[bytes, Callable[[IO[bytes], str], Any]] = {}


def stream_of(head: bytes, stream: IO[bytes], name: str) -> Any | None:
    """The unpacked stream of one that is packed whole; None where it is none of these."""
    for magic, opened in _STREAMS.items():
        if head.startswith(magic):
            return opened(stream, name)
    return None


def is_packed(head: bytes) -> bool:
    return head.startswith((*_STREAMS, SEVEN_ZIP, RAR))


class _Unpacking(io.RawIOBase):
    """What a decompressor of the standard library makes of a stream, one after the other where several stand in it."""

    def __init__(self, stream: IO[bytes], new: Callable[[], Any]) -> None:
        self._stream = stream
        self._new = new
        self._unpacker = new()
        self._done = False

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            return self._read(buffer)
        except lzma.LZMAError as error:
            raise OSError(str(error)) from error

    def _read(self, buffer: memoryview) -> int:
        while not self._done:
            if self._unpacker.eof:
                rest = self._unpacker.unused_data.lstrip(b"\0") or self._stream.read(CHUNK).lstrip(b"\0")
                if not rest:
                    self._done = True
                    break
                self._unpacker = self._new()
                data = self._unpacker.decompress(rest, len(buffer))
            elif self._unpacker.needs_input:
                more = self._stream.read(CHUNK)
                if not more:
                    raise EOFError("it ends before its end")
                data = self._unpacker.decompress(more, len(buffer))
            else:
                data = self._unpacker.decompress(b"", len(buffer))
            if data:
                buffer[: len(data)] = data
                return len(data)
        return 0


class _Zstandard:
    """A Zstandard frame, unpacked as the decompressors of the standard library do: no more than is asked for.

    The package bounds no output, so that it is fed in pieces that cannot become much (one block, 128 KiB, for 4 bytes).
    """

    def __init__(self, decompressor: Any, failure: type[Exception]) -> None:
        self._unpacker = decompressor.decompressobj()
        self._failure = failure
        self._input = b""
        self._output = b""

    @property
    def eof(self) -> bool:
        return bool(self._unpacker.eof) and not self._output

    @property
    def unused_data(self) -> bytes:
        return bytes(self._unpacker.unused_data) + self._input

    @property
    def needs_input(self) -> bool:
        return not self._input and not self._output

    def decompress(self, data: bytes, most: int) -> bytes:
        self._input += data
        place = 0
        while not self._output and place < len(self._input) and not self._unpacker.eof:
            try:
                self._output = self._unpacker.decompress(self._input[place : place + PIECE])
            except self._failure as error:
                raise OSError(str(error)) from error
            place += PIECE
        self._input = self._input[place:]
        given, self._output = self._output[:most], self._output[most:]
        return given


def _zstd(stream: IO[bytes], name: str) -> Any:
    try:
        import zstandard
    except ImportError as error:
        raise _missing("Zstandard", name) from error
    return _Unpacking(
        stream, lambda: _Zstandard(zstandard.ZstdDecompressor(max_window_size=MEMORY // 4), zstandard.ZstdError)
    )


def _missing(what: str, name: str) -> CaltropError:
    hint = "install the extra: pip install 'caltrop[archives]'; or unpack the file"
    return CaltropError(f"{what} files need a package that is not here", location=Location(name), hint=hint)


_STREAMS |= {
    GZIP: lambda stream, name: gzip.GzipFile(fileobj=stream),
    BZIP2: lambda stream, name: _Unpacking(stream, bz2.BZ2Decompressor),
    XZ: lambda stream, name: _Unpacking(stream, lambda: lzma.LZMADecompressor(memlimit=MEMORY)),
    ZSTD: _zstd,
}


def members(
    stream: IO[bytes], name: str, wanted: Callable[[str], bool], spend: Callable[[str, int], None]
) -> Iterator[tuple[str, IO[bytes]]]:
    """(name, its bytes) of the files of a 7-Zip archive, which gives them only one after the other and all at once: they wait in
    temporary files without a name. `spend` is told of every piece, and raises where they become too many."""
    try:
        import py7zr
        from py7zr.io import Py7zIO, WriterFactory
    except ImportError as error:
        raise _missing("7-Zip", name) from error

    class Member(Py7zIO):
        def __init__(self, member: str) -> None:
            self.member = member
            self.file = tempfile.SpooledTemporaryFile(SPOOLED)  # noqa: SIM115  closed by who reads it

        def write(self, s: bytes | bytearray) -> int:
            spend(self.member, len(s))
            return self.file.write(bytes(s))

        def read(self, size: int | None = None) -> bytes:
            return self.file.read(-1 if size is None else size)

        def seek(self, offset: int, whence: int = 0) -> int:
            return self.file.seek(offset, whence)

        def flush(self) -> None:
            self.file.flush()

        def size(self) -> int:
            return self.file.tell()

    class Members(WriterFactory):
        def __init__(self) -> None:
            self.made: dict[str, Member] = {}

        def create(self, filename: str) -> Member:
            return self.made.setdefault(filename, Member(filename))

    made = Members()
    try:
        with py7zr.SevenZipFile(stream) as archive:
            if archive.needs_password():
                raise CaltropError("is encrypted", location=Location(name), hint="unpack it with its password first")
            names = [info.filename for info in archive.list() if not info.is_directory and wanted(info.filename)]
            if names:
                archive.extract(targets=names, factory=made)
    except (py7zr.exceptions.ArchiveError, lzma.LZMAError, EOFError, OSError, ValueError, IndexError) as error:
        for one in made.made.values():
            one.file.close()
        raise CaltropError(f"damaged or unsupported archive: {error}", location=Location(name)) from None
    try:
        for member in names:
            file = made.create(member).file
            file.seek(0)
            yield member, file
    finally:
        for one in made.made.values():
            one.file.close()

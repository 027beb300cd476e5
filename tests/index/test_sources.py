"""Files, folders and archives: what is read, and what is refused."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import py7zr
import pytest
import zstandard

from caltrop.errors import CaltropError
from caltrop.index.importers import ImportOptions, Problem, read, sources


def zipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(mode: str = "w:gz", **members: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime = len(data), 1_600_000_000
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    return buffer.getvalue()


def sevenzipped(**members: bytes) -> bytes:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w") as archive:
        for name, data in members.items():
            archive.writestr(data, name)
    return buffer.getvalue()


def found(what: bytes | Path | str, options: ImportOptions | None = None) -> list[tuple[str, str]]:
    return [
        (source, raw)
        for frame in read(what, options or ImportOptions(now=1e9), name="a")
        for source, raw in frame.select("source", "_raw").iter_rows()
    ]


PACKINGS: dict[str, Callable[[bytes], bytes]] = {
    "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstandard.compress
}  # fmt: skip


@pytest.mark.parametrize("kind", PACKINGS)
def test_packed_files(tmp_path: Path, kind: str) -> None:
    pack = PACKINGS[kind]
    path = tmp_path / f"some.log.{kind}"
    path.write_bytes(pack(b"one\n") + pack(b"two\n"))  # several after one another are one file
    assert found(path) == [(str(path), "one"), (str(path), "two")]
    (frame,) = read(path, ImportOptions(now=1e9))
    assert frame.get_column("sourcetype")[0] == "some"
    assert found(pack(tarred("w", **{"x.log": b"one\n"}))) == [("a!x.log", "one")]
    assert sum(len(raw) + 1 for _, raw in found(pack(b"0123456789\n" * 200_000))) == 2_200_000


def test_members_of_a_7z() -> None:
    data = sevenzipped(**{"x.log": b"one\n", "d/y.log": b"two\n", "d/.hidden": b"no\n", "__MACOSX/x": b"no\n"})
    assert found(data) == [("a!x.log", "one"), ("a!d/y.log", "two")]


def test_a_member_of_a_7z(tmp_path: Path) -> None:
    path = tmp_path / "p.7z"
    path.write_bytes(sevenzipped(**{"x.log": b"one\n", "d/y.log": b"two\n"}))
    assert found(f"{path}!d/y.log") == [(f"{path}!d/y.log", "two")]
    with pytest.raises(CaltropError, match="no member 'z'"):
        found(f"{path}!z")


def test_an_encrypted_7z(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with py7zr.SevenZipFile(buffer, "w", password="secret") as archive:
        archive.writestr(b"one\n", "x")
    with pytest.raises(CaltropError, match="encrypted"):
        found(buffer.getvalue())


def test_what_needs_the_extra_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = {"zstandard": zstandard.compress(b"x"), "py7zr": sevenzipped(x=b"1")}
    for module, data in packed.items():
        monkeypatch.setitem(sys.modules, module, None)
        with pytest.raises(CaltropError, match="need a package") as refused:
            found(data)
        assert "caltrop[archives]" in str(refused.value.hint)


@pytest.mark.parametrize("pack", [zipped, tarred, lambda **m: tarred("w", **m)])
def test_members_of_archives(pack: object) -> None:
    data = pack(**{"x.log": b"one\n", "../../up.log": b"two\n", "d/.hidden": b"no\n", "__MACOSX/x": b"no\n"})  # type: ignore[operator]
    assert found(data) == [("a!x.log", "one"), ("a!../../up.log", "two")]


def test_one_member_by_name(tmp_path: Path) -> None:
    path = tmp_path / "p.zip"
    path.write_bytes(zipped(**{"x.log": b"one\n", "d/y.log": b"two\n"}))
    assert found(f"{path}!d/y.log") == [(f"{path}!d/y.log", "two")]
    with pytest.raises(CaltropError, match="no member 'z'"):
        found(f"{path}!z")
    plain = tmp_path / "plain.log"
    plain.write_bytes(b"x\n")
    with pytest.raises(CaltropError, match="no archive"):
        found(f"{plain}!z")


def test_a_gzipped_file_and_times_of_members() -> None:
    assert found(gzip.compress(b"one\n")) == [("a", "one")]
    (frame,) = read(tarred(x=b"one\n"), ImportOptions(now=1e9), name="a")
    assert frame.get_column("_time")[0] == 1_600_000_000


def test_a_folder_is_read_recursively_in_order(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "b" / "2.log").write_bytes(b"two\n")
    (tmp_path / "1.log").write_bytes(b"one\n")
    (tmp_path / ".git" / "x").write_bytes(b"no\n")
    (tmp_path / "link").symlink_to("/etc/hostname")
    assert [raw for _, raw in found(tmp_path)] == ["one", "two"]


def test_a_bad_file_of_a_folder_is_a_problem_and_the_others_are_read(tmp_path: Path) -> None:
    (tmp_path / "1.zip").write_bytes(b"PK\x03\x04 and nothing")
    (tmp_path / "2.log").write_bytes(b"two\n")
    problems: list[Problem] = []
    assert [raw for _, raw in found(tmp_path, ImportOptions(now=1e9, on_problem=problems.append))] == ["two"]
    assert "1.zip" in str(problems[0])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (zipped(inner=zipped(x=b"1")), "archive within"),
        (zipped(inner=gzip.compress(b"1")), "archive within"),
        (gzip.compress(gzip.compress(b"1")), "archive within"),
        (tarred(inner=zipped(x=b"1")), "archive within"),
        (zipped(), "holds no files"),
        (b"BZh91AY&SY", "damaged"),
        (b"\xfd7zXZ\x00", "damaged"),
        (bz2.compress(b"x" * 1000)[:-9], "damaged"),
        (lzma.compress(b"x" * 1000)[:-9], "damaged"),
        (zstandard.compress(b"x" * 1000)[:-3], "damaged"),
        (sevenzipped(x=b"abc" * 1000)[:-9], "damaged"),
        (sevenzipped(inner=zipped(x=b"1")), "archive within"),
        (zipped(inner=bz2.compress(b"1")), "archive within"),
        (zipped(inner=sevenzipped(x=b"1")), "archive within"),
        (b"Rar!\x1a\x07\x01\x00", "RAR"),
        (b"PK\x03\x04 and nothing", "damaged"),
        (gzip.compress(b"x" * 1000)[:-9], "damaged"),
        (zipped(x=b"abc" * 1000)[:-40], "damaged"),
    ],
    # Archives hold the time they were made at, so they cannot name the cases.
    ids=[
        "zip in zip",
        "gzip in zip",
        "gzip in gzip",
        "zip in tar",
        "empty",
        "bzip2",
        "xz",
        "cut bzip2",
        "cut xz",
        "cut zstd",
        "cut 7z",
        "zip in 7z",
        "bzip2 in zip",
        "7z in zip",
        "rar",
        "no zip",
        "cut gzip",
        "cut zip",
    ],
)
def test_refusals(data: bytes, message: str) -> None:
    with pytest.raises(CaltropError, match=message):
        found(data)


def test_encrypted_member() -> None:
    data = bytearray(zipped(x=b"secret"))
    data[data.index(b"PK\x01\x02") + 8] |= 1
    with pytest.raises(CaltropError, match="encrypted"):
        found(bytes(data))


@pytest.mark.parametrize(
    "pack", [lambda x: zipped(x=x), lambda x: tarred(x=x), lambda x: sevenzipped(x=x), *PACKINGS.values()]
)
def test_bombs(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    data = pack(b"0" * 3_000_000)
    with pytest.raises(CaltropError, match="unpacks to more"):
        found(data, ImportOptions(now=1e9, max_bytes=1_000_000))
    monkeypatch.setattr(sources, "RATIO_FLOOR", 1_000_000)
    with pytest.raises(CaltropError, match="unpacks to more"):
        found(data, ImportOptions(now=1e9, max_ratio=10))


def test_many_members_share_one_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "RATIO_FLOOR", 1_000_000)
    data = zipped(**{f"{n}.log": b"0" * 400_000 + b"\n" for n in range(4)})
    with pytest.raises(CaltropError, match=r"2\.log: unpacks to more"):
        found(data, ImportOptions(now=1e9, max_ratio=10))


def test_names_of_members_are_printable() -> None:
    assert found(zipped(**{"a\x1b[31m.log": b"x\n"})) == [("a!a\\x1b[31m.log", "x")]

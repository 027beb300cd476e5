"""An app tree in memory -> files on disk and a reproducible tar.gz.

The same files give the same bytes, whoever packs them, where and when: sorted entries, one time stamp, no owner, fixed
modes, an empty gzip header. (zlib may compress differently in another version; the tar inside is still the same.)
"""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path, PurePosixPath

from caltrop.errors import CaltropError, Location

EPOCH = 315532800  # 1980-01-01: the earliest time that every archive format can say
FILE_MODE, FOLDER_MODE = 0o644, 0o755
_LEVEL = 4  # a tenth larger than the smallest, in a third of the time


def pack(app: str, files: Mapping[str, bytes]) -> bytes:
    """A tar.gz with everything under a folder called `app`."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for name in _entries(app, files):
            body = files.get(name.partition("/")[2])
            info = tarfile.TarInfo(name)
            info.mtime = EPOCH
            info.mode = FOLDER_MODE if body is None else FILE_MODE
            info.type = tarfile.DIRTYPE if body is None else tarfile.REGTYPE
            info.size = len(body or b"")
            tar.addfile(info, io.BytesIO(body) if body is not None else None)
    out = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=_LEVEL, mtime=0) as stream:
        stream.write(raw.getvalue())
    packed = bytearray(out.getvalue())
    packed[9] = 255  # "unknown" operating system: Python's versions differ in what they write
    return bytes(packed)


def _entries(app: str, files: Mapping[str, bytes]) -> list[str]:
    """Every file and the folders above it, sorted so that a folder comes before what is in it."""
    names = {app}
    for name in files:
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise CaltropError(f"{name!r} would land outside the app", hint="file names in an app are relative")
        names.add(f"{app}/{name}")
        names.update(f"{app}/{parent}" for parent in path.parents if parent.parts)
    return sorted(names)


def write_tree(folder: Path, files: Mapping[str, bytes]) -> None:
    """Make `folder` hold exactly `files`: changed ones are replaced atomically, files of an earlier build go away."""
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise CaltropError("this is not a folder", location=Location(str(folder)), hint="give another --out")
    wanted = {parent.as_posix() for name in files for parent in PurePosixPath(name).parents}
    for old in sorted(folder.rglob("*"), reverse=True) if folder.is_dir() else []:
        name = old.relative_to(folder).as_posix()
        # Another build may be writing here: what it has begun, and what it has removed already, is left to it.
        with suppress(OSError):
            if old.is_dir() and not old.is_symlink():
                if name not in wanted:
                    old.rmdir()
            elif name not in files and not name.endswith(".part"):
                old.unlink()
    for name, body in files.items():
        write_file(folder / name, body)


def write_file(path: Path, body: bytes) -> None:
    """Write and move into place, unless the file holds these bytes already."""
    if path.is_file() and path.stat().st_size == len(body) and path.read_bytes() == body:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    partial.write_bytes(body)
    partial.chmod(FILE_MODE)
    partial.replace(path)


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()

"""A hash of the toolkit itself: whatever it makes is kept under this, so that a changed toolkit finds nothing old.

Imports nothing heavy: a build that has nothing to do is decided before YAML is even loaded.
"""

from __future__ import annotations

import hashlib
import io
import os
import sys
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from caltrop.shipped import shipped

_ROOMS = ("analysis", "content", "dialect", "render", "spl")
_SOURCES = (".py", ".csv", ".j2", ".json", ".css", ".js")


@cache
def toolkit() -> bytes:
    """Source and data of the rooms that decide what a build gives, Python, zlib and the YAML library."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(f"{sys.version} {zlib.ZLIB_RUNTIME_VERSION}".encode(), digest_size=20)
    spec = find_spec("yaml")
    digest.update(Path(spec.origin).read_bytes() if spec and spec.origin else b"")
    for folder in (*(package / room for room in _ROOMS), shipped("app") / "bin"):
        for path in files(folder):
            if path.endswith(_SOURCES):
                digest.update(path.rsplit(os.sep, 1)[1].encode() + b"\0" + read(path))
    return digest.digest()


def files(folder: Path, links: list[str] | None = None) -> list[str]:
    """Every file under a folder, sorted. Hidden folders and byte code are left out, and links, which `links` takes up:
    content stays at home."""
    out: list[str] = []
    todo = [str(folder)]
    if folder.is_symlink():
        todo = []
        if links is not None:
            links.append(str(folder))
    while todo:
        try:
            with os.scandir(todo.pop()) as entries:
                for entry in entries:
                    if entry.is_file(follow_symlinks=False):
                        out.append(entry.path)
                    elif entry.is_dir(follow_symlinks=False) and entry.name[0] != "." and entry.name != "__pycache__":
                        todo.append(entry.path)
                    elif links is not None and entry.is_symlink():
                        links.append(entry.path)
        except (FileNotFoundError, NotADirectoryError):
            continue
    return sorted(out)


def read(path: str) -> bytes:
    with io.FileIO(path) as stream:
        return stream.readall()


def tree(folder: Path) -> bytes:
    """A hash of names and bytes of everything under a folder."""
    digest = hashlib.blake2b(digest_size=20)
    start = len(str(folder)) + 1
    links: list[str] = []
    for path in files(folder, links):
        body = read(path)
        digest.update(f"{path[start:]}\0{len(body)}\0".encode())
        digest.update(body)
    digest.update("\0".join(sorted(links)).encode("utf-8", "surrogateescape"))  # they are faults
    return digest.digest()

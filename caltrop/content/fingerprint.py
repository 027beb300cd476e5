"""A hash of the toolkit itself: whatever it makes is kept under this, so that a changed toolkit finds nothing old.

Imports nothing heavy: a build that has nothing to do is decided before YAML is even loaded.
"""

from __future__ import annotations

import hashlib
import os
import sys
import zlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_ROOMS = ("content", "render", "spl")
_SOURCES = (".py", ".csv", ".j2", ".css", ".js")


@cache
def toolkit() -> bytes:
    """Source and data of the rooms that decide what a build gives, Python, zlib and the YAML library."""
    package = Path(__file__).resolve().parent.parent
    digest = hashlib.blake2b(f"{sys.version} {zlib.ZLIB_RUNTIME_VERSION}".encode(), digest_size=20)
    spec = find_spec("yaml")
    digest.update(Path(spec.origin).read_bytes() if spec and spec.origin else b"")
    for folder in (*(package / room for room in _ROOMS), package.parent / "app" / "bin"):
        for path in files(folder):
            if path.name.endswith(_SOURCES):
                digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.digest()


def files(folder: Path) -> list[Path]:
    """Every file under a folder, sorted; hidden folders and byte code left out."""
    out = []
    for base, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name[0] != "." and name != "__pycache__"]
        out += [Path(base, name) for name in names]
    return sorted(out)


def tree(folder: Path) -> bytes:
    """A hash of names and bytes of everything under a folder."""
    digest = hashlib.blake2b(digest_size=20)
    for path in files(folder):
        body = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(body)}\0".encode() + body)
    return digest.digest()

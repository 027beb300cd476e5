"""A local copy of published data sets (a git clone, or a folder that was filled by hand), found by the path of their URLs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

POINTER = b"version https://git-lfs"
_POINTER_BYTES = 1024  # of which a pointer has fewer
State = Literal["here", "missing", "pointer", "outside"]


@dataclass(frozen=True, slots=True)
class Pointer:
    """What Git LFS says of the data that it left out."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Located:
    """A data set by its URL: `path` is set where it is `here`, and where a pointer stands for it."""

    url: str
    state: State
    path: Path | None = None

    def __str__(self) -> str:
        reasons = {
            "here": "is here",
            "missing": "is not in the clone",
            "pointer": "is a Git LFS pointer, not the data (run git lfs pull)",
            "outside": "leads out of the clone",
        }
        return f"{PurePosixPath(urlsplit(self.url).path).name or self.url} {reasons[self.state]}"


@dataclass(frozen=True, slots=True)
class Clone:
    """Where the data sets are whose URLs begin with `prefix`: what follows it is the path below `root`.

    Without a prefix any URL may be meant. Hosts and branches differ between URLs of one file, so the longest tail of the
    path counts: `…/attack_data/master/datasets/a/b.log` is `datasets/a/b.log` in the clone, or `a/b.log` where the clone is
    that folder.
    """

    root: Path
    prefix: str = ""

    def find(self, url: str) -> Located:
        if not url.startswith(self.prefix):
            return Located(url, "missing")
        text = url[len(self.prefix) :].partition("?")[0] if self.prefix else urlsplit(url).path
        parts = PurePosixPath(unquote(text)).parts
        parts = parts[1:] if parts[:1] == ("/",) else parts
        if ".." in parts:
            return Located(url, "outside")
        root = self.root.resolve()
        for start in range(1 if self.prefix else len(parts)):
            path = root.joinpath(*parts[start:])
            if path.is_file():
                if not path.resolve().is_relative_to(root):
                    return Located(url, "outside")
                return Located(url, "pointer" if is_pointer(path) else "here", path)
        return Located(url, "missing")


def find(url: str, clones: Iterable[Clone]) -> Located | None:
    """The first clone that has the data, else one that has a pointer to it; the clones with the longest prefix are asked
    first. None where no clone knows the URL."""
    pointer: Located | None = None
    for clone in sorted(clones, key=lambda clone: -len(clone.prefix)):
        found = clone.find(url)
        if found.state == "here":
            return found
        if found.state == "pointer" and pointer is None:
            pointer = found
    return pointer


def clones(configured: Sequence[tuple[str, str]], root: Path, given: Sequence[Path] = ()) -> tuple[Clone, ...]:
    """Those of the configuration (prefix, folder relative to the repository) and those that a person names."""
    return (*(Clone(folder) for folder in given), *(Clone(root / folder, prefix) for prefix, folder in configured))


def is_pointer(path: Path) -> bool:
    """Whether Git LFS left a pointer in place of the data."""
    with path.open("rb") as file:
        return file.read(len(POINTER)) == POINTER


def pointer_of(path: Path) -> Pointer | None:
    """What a pointer says; None where the file is none, or says nothing that can be used."""
    with path.open("rb") as file:
        text = file.read(_POINTER_BYTES).decode("utf-8", "replace")
    digest, size = re.search(r"(?m)^oid sha256:([0-9a-f]{64})\s*$", text), re.search(r"(?m)^size (\d{1,15})\s*$", text)
    if not text.startswith(POINTER.decode()) or digest is None or size is None:
        return None
    return Pointer(digest[1], int(size[1]))

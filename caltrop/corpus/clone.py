"""A local copy of published data sets (a git clone, or a folder that was filled by hand), found by the path of their URLs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal
from urllib.parse import unquote, urlsplit

POINTER = b"version https://git-lfs"
State = Literal["here", "missing", "pointer", "outside"]


@dataclass(frozen=True, slots=True)
class Located:
    """A data set by its URL: `path` is set where it is `here`."""

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
    """Where the data sets are. Hosts and branches differ between URLs of one file, so the longest tail of the path counts:
    `…/attack_data/master/datasets/a/b.log` is `datasets/a/b.log` in the clone, or `a/b.log` where the clone is that folder.
    """

    root: Path

    def find(self, url: str) -> Located:
        parts = PurePosixPath(unquote(urlsplit(url).path)).parts
        parts = parts[1:] if parts[:1] == ("/",) else parts
        if ".." in parts:
            return Located(url, "outside")
        root = self.root.resolve()
        for start in range(len(parts)):
            path = root.joinpath(*parts[start:])
            if path.is_file():
                if not path.resolve().is_relative_to(root):
                    return Located(url, "outside")
                return Located(url, "pointer" if is_pointer(path) else "here", path)
        return Located(url, "missing")


def is_pointer(path: Path) -> bool:
    """Whether Git LFS left a pointer in place of the data."""
    with path.open("rb") as file:
        return file.read(len(POINTER)) == POINTER

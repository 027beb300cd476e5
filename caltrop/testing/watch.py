"""What was saved: the files of a set that changed since they were looked at last, told by size and time.

Polled, since a look at a few files costs less than a millisecond and works on every file system, editor and container.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from caltrop.content.fingerprint import files

POLL_SECONDS = 0.05
SETTLE_SECONDS = 0.03  # an editor may write in several steps

Stamp = tuple[int, int, int]


class Watch:
    """`find` gives the files and folders to look at, anew each time; what is below a folder counts, new files too."""

    def __init__(self, root: Path, find: Callable[[], Iterable[Path]]) -> None:
        self._root = root
        self._find = find
        self._seen = self._look()

    def changed(self) -> list[str]:
        """Files that were written, made or deleted since the last question, relative to the root."""
        now = self._look()
        before, self._seen = self._seen, now
        return sorted(name for name in before.keys() | now.keys() if before.get(name) != now.get(name))

    def saves(self, ended: Callable[[], bool] = lambda: False) -> Iterator[list[str]]:
        """What changed, each time that something did."""
        while not ended():
            time.sleep(POLL_SECONDS)
            found = set(self.changed())
            while found:
                time.sleep(SETTLE_SECONDS)
                more = self.changed()
                if not more:
                    yield sorted(found)
                    break
                found.update(more)

    def _look(self) -> dict[str, Stamp]:
        stamps: dict[str, Stamp] = {}
        for path in self._find():
            for name in files(path) if path.is_dir() else [str(path)]:
                try:
                    stat = Path(name).stat()
                except OSError:
                    continue
                stamps[os.path.relpath(name, self._root)] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return stamps

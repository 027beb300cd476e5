"""Lookup files that searches write where the apps are not theirs: beside the apps, never in them."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path


class Overlay:
    """Lookup files over those of apps that were handed in one by one. The first write makes a folder; it goes with this object."""

    def __init__(self) -> None:
        self._root: Path | None = None
        self.apps: set[str] = set()  # those that something was written for
        self.removed: set[Path] = set()  # files of the apps that are as if deleted

    def folder(self, app: str) -> Path | None:
        """Where the files written for an app are; None where nothing was."""
        return self._root / app / "lookups" if self._root is not None and app in self.apps else None

    def place(self, app: str, file: str) -> Path:
        """Where to write a lookup file of an app."""
        if self._root is None:
            self._root = Path(tempfile.mkdtemp(prefix="caltrop-written-"))
            weakref.finalize(self, shutil.rmtree, self._root, ignore_errors=True)
        self.apps.add(app)
        return self._root / app / "lookups" / file

    def remove(self, app: str, shipped: Path) -> None:
        """As if the lookup file that an app ships, or a search wrote over it, were deleted."""
        self.removed.add(shipped)
        folder = self.folder(app)
        if folder is not None:
            (folder / shipped.name).unlink(missing_ok=True)

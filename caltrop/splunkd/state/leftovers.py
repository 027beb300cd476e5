"""What a server that was killed left behind: scripts that still run, results of its jobs, temporary data directories.

A server over a directory of its own cleans up when it starts over it again; one over a temporary directory, whose name nobody
knows afterwards, leaves it to whichever server starts next on the machine.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import time
from pathlib import Path

from caltrop import children

PREFIX = "caltrop-server-"
FRESH_SECONDS = 10.0  # a directory this young may belong to a server that is about to lock it


def notes(data_dir: Path) -> Path:
    """Where the children that run are written down."""
    return data_dir / "var" / "run" / "children"


def clean(data_dir: Path) -> list[str]:
    """End what runs and remove what lies about; what was found. The caller holds the directory's lock."""
    ended = children.end_left(notes(data_dir))
    found = [f"ended process {pid}, left by a server that was killed" for pid in ended]
    dispatch = data_dir / "var" / "run" / "dispatch"
    if dispatch.exists():
        shutil.rmtree(dispatch, ignore_errors=True)
    return found


def sweep() -> list[Path]:
    """Remove the temporary data directories of servers that are no more; which ones."""
    gone = []
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if _abandoned(folder):
            children.end_left(notes(folder))
            shutil.rmtree(folder, ignore_errors=True)
            gone.append(folder)
    return gone


def _abandoned(folder: Path) -> bool:
    lock = folder / "var" / "indexes" / "lock"
    try:
        mine = folder.is_dir() and not folder.is_symlink() and folder.stat().st_uid == os.getuid()
        if not mine or time.time() - lock.stat().st_mtime < FRESH_SECONDS:
            return False
        with lock.open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True

"""Waiting for what must come. How fast a machine is decides no test: a wait that succeeds costs nothing, and one that fails is a fault."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

PATIENCE = 60.0  # seconds: many times what a slow and busy machine takes
T = TypeVar("T")


def until(there: Callable[[], T], what: str = "it", seconds: float = PATIENCE) -> T:
    """What the function gives, once it is true. Raises AssertionError where it never is."""
    deadline = time.monotonic() + seconds
    while not (found := there()):
        assert time.monotonic() < deadline, f"{what} did not come"
        time.sleep(0.02)
    return found


def runs(pid: int) -> bool:
    """Whether a process does anything still: one that has ended is a zombie until its parent asks for it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        if Path("/proc/self").exists():
            return False
    try:
        os.kill(pid, 0)
    except OSError:
        return False
    return True


def ends(pid: int) -> None:
    """Waits until a process has ended. Raises AssertionError where it does not."""
    until(lambda: not runs(pid), f"the end of process {pid}")

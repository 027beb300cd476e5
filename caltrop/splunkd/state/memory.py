"""The memory of this process: how much it takes, and giving back what nobody uses."""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from pathlib import Path


def taken() -> int:
    """Bytes that the process has in memory; 0 where the system does not tell."""
    if sys.platform != "linux":
        return 0
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def give_back() -> None:
    """Free what Python and its allocator hold for later. Polars' own gives back by itself."""
    gc.collect()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

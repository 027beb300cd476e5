"""Whether what is written has to survive a crash of the machine. Every room may import it."""

from __future__ import annotations

import os

_lasting = True


def sync(descriptor: int) -> None:
    """Return once what was written to the file is on disk; at once in a process in which nothing lasts."""
    if _lasting:
        os.fsync(descriptor)


def nothing_lasts() -> None:
    """All that this process writes for itself is removed when it ends (a server in a temporary folder): it waits for no disk."""
    global _lasting
    _lasting = False

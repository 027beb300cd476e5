"""Files that are replaced in one step: readers see the old content or the new one."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from caltrop import disk
from caltrop.dialect.conf import format_conf


def write_conf(path: Path, stanzas: Mapping[str, Mapping[str, str]]) -> None:
    """Replace a conf file. Raises `ConfError` for what such a file cannot carry."""
    write_atomic(path, format_conf(stanzas).encode("utf-8", errors="replace"))


def write_atomic(path: Path, data: bytes) -> None:
    """Write beside the target and rename over it; parent folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(data)
            out.flush()
            disk.sync(out.fileno())
        os.chmod(name, 0o644)  # noqa: PTH101 - a name from mkstemp
        os.replace(name, path)  # noqa: PTH105
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise

"""Where an installation keeps its files."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path


def make_splunkhome_path(parts: str | Sequence[str]) -> str:
    """A path below SPLUNK_HOME. Raises KeyError where the script was not started by a server, ValueError for a way out of it."""
    home = os.path.normpath(os.environ["SPLUNK_HOME"])
    pieces = [parts] if isinstance(parts, str) else list(parts)
    path = os.path.normpath(Path(home, *pieces))
    if path != home and not path.startswith(home + os.sep):
        raise ValueError(f"path outside SPLUNK_HOME: {path}")
    return path


def etc() -> str:
    return make_splunkhome_path(["etc"])


def get_base_path() -> str:
    """The folder of the apps."""
    return make_splunkhome_path(["etc", "apps"])


def get_bundle_path(name: str) -> str:
    return make_splunkhome_path(["etc", "apps", name])


def get_slaveapps_base_path() -> str:
    return make_splunkhome_path(["etc", "slave-apps"])


def expandvars(path: str) -> str:
    return os.path.expandvars(path)

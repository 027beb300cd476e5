"""Paths, under the name by which the web interface knew them."""

from __future__ import annotations

from ....clilib.bundle_paths import get_base_path, make_splunkhome_path
from ....util import isWindows

make_absolute = make_splunkhome_path


def get_apps_dir() -> str:
    return get_base_path()


def isCloud() -> bool:
    return False


__all__ = ["get_apps_dir", "isCloud", "isWindows", "make_absolute", "make_splunkhome_path"]

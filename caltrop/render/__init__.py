"""Catalogue -> app tree -> reproducible package. `build` is the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caltrop.render.assemble import BuildResult, app_files, build

__all__ = ["BuildResult", "app_files", "build"]


def __getattr__(name: str) -> object:
    """Imported when asked for: see caltrop.content."""
    if name not in __all__:
        raise AttributeError(name)
    from caltrop.render import assemble

    value = getattr(assemble, name)
    globals()[name] = value
    return value

"""YAML files -> a typed, cross-referenced catalogue, with every fault placed. `load` is the door."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from caltrop.content.model import Catalogue, Detection
    from caltrop.content.problems import Problem
    from caltrop.content.repository import load

__all__ = ["Catalogue", "Detection", "Problem", "load"]

_HOMES = {"Catalogue": "model", "Detection": "model", "Problem": "problems", "load": "repository"}


def __getattr__(name: str) -> object:
    """Names are imported when they are asked for: a build with nothing to do never loads the room."""
    if name not in _HOMES:
        raise AttributeError(name)
    from importlib import import_module

    value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    globals()[name] = value
    return value

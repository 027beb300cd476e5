"""The importers, one format (or family of formats) a file."""

from __future__ import annotations

import importlib
import pkgutil

from caltrop.index.importers.registry import Importer, importers

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")

# In the order in which they are asked.
NAMES = tuple(sorted(importers, key=lambda name: (importers[name].order, name)))


def importer_of(name: str) -> Importer:
    """The importer of a format; KeyError where there is none."""
    return importers[name]

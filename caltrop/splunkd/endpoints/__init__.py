"""One module a family of paths; each registers its routes and collections where it defines them."""

from __future__ import annotations

import importlib
import pkgutil


def load() -> None:
    """Import every endpoint module, so that the tables of `rest.collection` are full. Idempotent."""
    for info in pkgutil.iter_modules(__path__):
        importlib.import_module(f"{__name__}.{info.name}")

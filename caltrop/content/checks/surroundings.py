"""What the searches of a repository stand among: its macros, the apps it is proved with, their data models and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import msgspec

from caltrop.analysis import Known, apps
from caltrop.content import wellknown
from caltrop.content.model import Catalogue, MacroItem
from caltrop.dialect.datamodels import DataModel
from caltrop.spl.macros import Macro


def surroundings(catalogue: Catalogue) -> Known:
    """What the analysis may rely on for every search of the repository."""
    config = catalogue.config
    folders = _apps(catalogue)
    others = {name: DataModel(name, name, "", {}) for name in config.external_datamodels}

    def models() -> Mapping[str, DataModel]:
        return {**others, **apps.models(folders)}

    def searched() -> frozenset[str]:
        described = (name for source in catalogue.data_sources for name in source.fields)
        return frozenset({*described, *apps.model_fields(folders)}) - _indexed_everywhere

    return Known(
        commands=apps.commands(folders) | frozenset(config.external_commands),
        models=models,
        macro=_find(_macros(catalogue)),
        searched=searched,
    )


# Described as fields of data sources, and indexed with every event.
_indexed_everywhere = frozenset(
    {"_time", "host", "source", "sourcetype", "index", "linecount", "splunk_server", "punct"}
)


def stamp(catalogue: Catalogue) -> bytes:
    """Changes when anything does that the analysis of an unchanged search depends on."""
    config = catalogue.config
    external = (config.external_indexes, config.external_commands, config.external_datamodels)
    fields = sorted({name for source in catalogue.data_sources for name in source.fields})
    notables = [(d.type, d.file, d.notable, d.nes_fields) for d in catalogue.deployments]
    known = (list(_macros(catalogue).values()), external, fields, notables, apps.stamp(_apps(catalogue)))
    return msgspec.msgpack.encode(known)


def _apps(catalogue: Catalogue) -> tuple[Path, ...]:
    root = Path(catalogue.root)
    own = root / catalogue.config.template
    return (*apps.shipped_addons(), own, *(root / addon.path for addon in catalogue.config.addons))


def _macros(catalogue: Catalogue) -> Mapping[tuple[str, int], MacroItem]:
    known = {(m.name, len(m.arguments)): m for m in [*wellknown.macros(), *catalogue.macros]}
    for detection in catalogue.detections:
        known.setdefault((detection.filter_macro, 0), MacroItem(name="", file="", definition="search *"))
    return known


def _find(known: Mapping[tuple[str, int], MacroItem]) -> Callable[[str, int], Macro | None]:
    def find(name: str, arity: int) -> Macro | None:
        item = known.get((name, arity))
        return Macro(name, item.arguments, item.definition) if item and item.definition.strip() else None

    return find

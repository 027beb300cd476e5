"""Installed apps -> merged configuration and knowledge objects (docs/architecture.md, "knowledge -> engine, splunkd")."""

from caltrop.dialect.datamodels import Calculation, DataModel, DataModelError, Dataset
from caltrop.knowledge.addons import SYSTEM_LAYER, addon_apps, addons_path, app_folders, layers, unpacked
from caltrop.knowledge.configuration import Configuration, Conflict, MergedStanza, NotFound, Setting
from caltrop.knowledge.kvstore import KVStore, KVStoreError
from caltrop.knowledge.labels import EventType
from caltrop.knowledge.lookups import Lookup, LookupFailure
from caltrop.knowledge.package import PackageError, install_app
from caltrop.knowledge.sharing import kept_to_itself
from caltrop.knowledge.view import Knowledge, MacroStanza

__all__ = [
    "SYSTEM_LAYER",
    "Calculation",
    "Configuration",
    "Conflict",
    "DataModel",
    "DataModelError",
    "Dataset",
    "EventType",
    "KVStore",
    "KVStoreError",
    "Knowledge",
    "Lookup",
    "LookupFailure",
    "MacroStanza",
    "MergedStanza",
    "NotFound",
    "PackageError",
    "Setting",
    "addon_apps",
    "addons_path",
    "app_folders",
    "install_app",
    "kept_to_itself",
    "layers",
    "unpacked",
]

"""Indexes: `data/indexes`. Settings live in `indexes.conf`, events in the store; both change together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from caltrop.index.store import NAME
from caltrop.knowledge.configuration import SYSTEM
from caltrop.splunkd.rest.collection import action, register
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.state import provision
from caltrop.splunkd.wire.atom import Entry, iso_time
from caltrop.splunkd.wire.http import ApiError, Request

MEGABYTE = 2**20
DATATYPES = ("event", "metric", "all")


@register
class Indexes(ConfCollection):
    path = "data/indexes"
    aliases = ("data/indexes-extended",)
    title = "indexes"
    noun = "index"
    conf = "indexes"
    shared = True
    everywhere = True
    home = "search"
    defaults: ClassVar[dict[str, Any]] = {
        "assureUTF8": False,
        "bucketRebuildMemoryHint": "auto",
        "coldPath": "",
        "coldToFrozenDir": "",
        "coldToFrozenScript": "",
        "compressRawdata": True,
        "datatype": "event",
        "defaultDatabase": "main",
        "enableOnlineBucketRepair": True,
        "frozenTimePeriodInSecs": 188697600,
        "homePath": "",
        "indexThreads": "auto",
        "maxBloomBackfillBucketAge": "30d",
        "maxConcurrentOptimizes": 6,
        "maxDataSize": "auto",
        "maxHotBuckets": "auto",
        "maxHotIdleSecs": 0,
        "maxHotSpanSecs": 7776000,
        "maxMetaEntries": 1000000,
        "maxTotalDataSizeMB": 500000,
        "maxWarmDBCount": 300,
        "memPoolMB": "auto",
        "minRawFileSyncSecs": "disable",
        "partialServiceMetaPeriod": 0,
        "quarantineFutureSecs": 2592000,
        "quarantinePastSecs": 77760000,
        "rawChunkSizeBytes": 131072,
        "rotatePeriodInSecs": 60,
        "serviceMetaPeriod": 25,
        "suppressBannerList": "",
        "sync": 0,
        "syncMeta": True,
        "thawedPath": "",
        "throttleCheckPeriod": 15,
    }
    optional = (*defaults, "disabled", "repFactor", "maxGlobalDataSizeMB", "enableDataIntegrityControl", "tsidxWritingLevel",
                "enableTsidxReduction", "timePeriodInSecBeforeTsidxReduction", "tstatsHomePath", "metric.timestampResolution",
                "bucketMerging", "selfStorageBucketPath", "selfStorageConfig", "archiver.enableDataArchive",
                "archiver.maxDataArchiveRetentionPeriod", "federated.dataset", "federated.provider")  # fmt: skip
    strict = True
    listing_args = frozenset({"datatype"})

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return (*super().feed_links(), ("_validate", "_validate"))

    def entries(self, request: Request) -> Iterable[Entry]:
        """Those that hold events, unless `datatype` asks for those that hold metrics, or for all."""
        wanted = request.args.get("datatype", "event").strip().lower() or "event"
        if wanted not in DATATYPES:
            raise ApiError(400, f"Argument 'datatype' must be one of {', '.join(DATATYPES)}, not {wanted!r}")
        return (
            entry
            for entry in super().entries(request)
            if ":" not in entry.name and wanted in ("all", str(entry.content.get("datatype", "event")))
        )

    def complete(self, entry: Entry) -> None:
        state, content = self.state, entry.content
        info = state.store.info(entry.name) if entry.name in state.store else None
        base = str(state.data_dir / "var" / "indexes" / entry.name)
        times: dict[str, Any] = {"minTime": "", "maxTime": ""}
        if info is not None and info.min_time is not None and info.max_time is not None:
            times = {"minTime": iso_time(info.min_time), "maxTime": iso_time(info.max_time)}
        for key, folder in (("homePath", "db"), ("coldPath", "colddb"), ("thawedPath", "thaweddb")):
            content[key] = content[key] or f"$SPLUNK_DB/{entry.name}/{folder}"
        entry.acl = replace(entry.acl, removable=entry.acl.app != SYSTEM)
        content |= {
            "name": entry.name,
            "homePath_expanded": base,
            "coldPath_expanded": base,
            "totalEventCount": info.count if info else 0,
            "currentDBSizeMB": -(-info.size // MEGABYTE) if info else 0,
            "isInternal": entry.name.startswith("_"),
            "isReady": True,
            "lastInitTime": f"{state.started:.6f}",
            **times,
        }

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        if entry is None and (not NAME.fullmatch(name) or name == "kvstore"):
            raise ApiError(
                400, f"Invalid index name {name!r}: use lower-case letters, digits, hyphens and underscores."
            )
        for key in ("homePath", "coldPath", "thawedPath", "coldToFrozenDir"):
            if settings.get(key):
                self._inside(key, settings[key])
        if settings.get("coldToFrozenScript"):
            self.state.require_scripts(f"The index {name}")
        for key in ("maxTotalDataSizeMB", "frozenTimePeriodInSecs"):
            if key in settings and not settings[key].isdigit():
                raise ApiError(400, f"Argument {key!r} must be a whole number, not {settings[key]!r}")

    def _inside(self, key: str, path: str) -> None:
        """400 for a path that leads out of the data directory, whatever its variables stand for."""
        data = self.state.data_dir
        for name, folder in (("$SPLUNK_DB", data / "var" / "indexes"), ("$SPLUNK_HOME", data)):
            path = path.replace(name, str(folder))
        if path.startswith("volume:"):
            path = path.partition("/")[2] or "."
        if data not in ((data / path).resolve(), *(data / path).resolve().parents):
            raise ApiError(400, f"Argument {key!r} must lie inside the data directory, $SPLUNK_DB/…, not {path!r}")

    def conflict_text(self, name: str) -> str:
        return f"Index name={name} already exists."

    def create(self, request: Request, name: str) -> Entry:
        if name in self.state.store:
            raise ApiError(409, self.conflict_text(name))
        return super().create(request, name)

    def changed(self, request: Request, name: str) -> None:
        store = self.state.store
        if self.state.config.stanza("indexes", name) is None:
            if name in store:
                store.delete_index(name)
        else:
            store.create_index(name, **provision.index_settings(self.state.config, name))

    @action("roll-hot-buckets", "POST")
    def roll(self, request: Request, entry: Entry) -> None:
        """Write what recently arrived as segments, and let retention have its way."""
        self.state.store.flush()
        self.state.store.clean(self.state.now())

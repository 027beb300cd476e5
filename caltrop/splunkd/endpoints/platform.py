"""What clients ask of the platform around a server: licences, health, work, resources.

This server stands alone and needs no licence; each path says so in the keys that clients look at. Names of keys are those of the
REST API reference ("License endpoint descriptions", "Introspection endpoint descriptions").
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

from caltrop.splunkd.rest.telling import Told, listed, refused, told
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.searching.jobs import Job
from caltrop.splunkd.state import memory
from caltrop.splunkd.state.bulletins import RESTART
from caltrop.splunkd.state.state import SERVER_NAME

MEGABYTE = 1 << 20
QUOTA = 2**63 - 1
LICENSE = "F" * 64


@told("licenser/groups", "licenser-groups")
def groups(wings: Wings) -> Told:
    yield "Enterprise", {"is_active": True, "stack_ids": ["enterprise"]}


@told("licenser/stacks", "licenser-stacks")
def stacks(wings: Wings) -> Told:
    yield (
        "enterprise",
        {"label": "Caltrop", "max_violations": 0, "quota": QUOTA, "type": "enterprise", "window_period": 30},
    )


@told("licenser/pools", "licenser-pools")
def pools(wings: Wings) -> Told:
    used = sum(wings.state.store.info(name).raw_size for name in wings.state.store.indexes())
    yield "auto_generated_pool_enterprise", {
        "description": "auto_generated_pool_enterprise", "effective_quota": QUOTA, "is_catch_all": False, "quota": "MAX",
        "slaves": ["*"], "slaves_usage_bytes": {wings.state.guid: used}, "stack_id": "enterprise", "used_bytes": used,
    }  # fmt: skip


@told("licenser/messages", "licenser-messages")
def messages(wings: Wings) -> Told:
    """None: nothing is counted, so nothing is exceeded."""
    return ()


@told("licenser/localslave", "licenser-localslave")
@told("licenser/localpeer", "licenser-localpeer")
def localpeer(wings: Wings) -> Told:
    yield "license", {
        "features": dict.fromkeys(("Alerting", "Auth", "DistSearch", "LocalSearch", "ScheduledSearch"), "ENABLED"), "license_keys": [LICENSE],
        "connection_timeout": 30, "guid": [wings.state.guid], "last_manager_contact_attempt_time": int(wings.state.now()),
        "last_manager_contact_success_time": int(wings.state.now()), "manager_guid": [wings.state.guid],
        "manager_uri": "self", "master_uri": "self", "peer_id": wings.state.guid, "slave_id": wings.state.guid,
        "squash_threshold": 2000,
    }  # fmt: skip


@told("licenser/slaves", "licenser-slaves")
@told("licenser/peers", "licenser-peers")
def peers(wings: Wings) -> Told:
    yield wings.state.guid, {
        "active_pool_ids": ["auto_generated_pool_enterprise"], "pool_ids": ["auto_generated_pool_enterprise"], "label": SERVER_NAME, "stack_ids": ["enterprise"],
        "warning_count": 0,
    }  # fmt: skip


@told("licenser/usage", "licenser-usage")
def usage(wings: Wings) -> Told:
    used = sum(wings.state.store.info(name).raw_size for name in wings.state.store.indexes())
    yield "license_usage", {"quota": QUOTA, "slaves_usage_bytes": used, "peers_usage_bytes": used}


@told("server/health/deployment/details", "health-report-deployment-details")
@told("server/health/splunkd/details", "health-report-details")
def health(wings: Wings) -> Told:
    """The parts that can be well or not here, below the colour of the whole."""
    asked = any(b.name == RESTART for b in wings.state.bulletins.all())
    damaged = bool(wings.state.store.problems)
    parts = {
        "Index Processor": {"health": "red" if damaged else "green", "num_red": int(damaged), "num_yellow": 0},
        "Search Scheduler": {"health": "green", "num_red": 0, "num_yellow": 0},
        "Configuration": {"health": "yellow" if asked else "green", "num_red": 0, "num_yellow": int(asked)},
    }
    colour = "red" if damaged else "yellow" if asked else "green"
    yield "splunkd", {
        "disabled": False, "features": parts, "health": colour, "num_red": int(damaged), "num_yellow": int(asked),
    }  # fmt: skip


@told("server/health/deployment", "health-report-deployment")
def deployment(wings: Wings) -> Told:
    """The colour of the whole deployment, which is this server."""
    for name, content in health(wings):
        yield name, {"health": content["health"]}


@told("server/httpsettings/proxysettings", "proxysettings")
def proxy(wings: Wings) -> Told:
    """None: nothing here calls out."""
    yield "proxyConfig", {"http_proxy": "", "https_proxy": "", "no_proxy": "", "proxy_rules": ""}


# --- work that goes on ------------------------------------------------------------------------------------------------

listed("server/introspection", "introspection", ("indexer", "kvstore", "search"))
listed("server/introspection/kvstore", "kvstore", ("collectionstats", "replicasetstats", "serverstatus"))
listed("server/introspection/search", "search", ("dispatch", "distributed", "saved"))
refused("server/introspection/kvstore/replicasetstats", "The KV store of this server is no replica set")


@told("server/introspection/indexer", "introspection--indexer")
def indexer(wings: Wings) -> Told:
    yield "indexer", {"average_KBps": 0.0, "reason": ".", "status": "normal"}


@told("server/introspection/kvstore/serverstatus", "introspection--kvstore-serverstatus")
def kvstore(wings: Wings) -> Told:
    """`data` is a JSON text, as clients read it."""
    uptime = max(int(wings.state.now() - wings.state.started), 0)
    data = {"host": f"127.0.0.1:{wings.state.mgmt_port}", "ok": 1, "pid": os.getpid(), "uptime": uptime}
    yield "serverStatus", {"data": json.dumps(data)}


@told("server/introspection/kvstore/collectionstats", "introspection--kvstore-collectionstats")
def collections(wings: Wings) -> Told:
    """`data` holds a JSON text for each collection: `ns` is app.collection, sizes are bytes of the documents as JSON."""
    texts = []
    for app in wings.state.config.apps():
        for name in wings.state.config.stanzas("collections", app, "nobody"):
            stanza = wings.state.config.stanza("collections", name, app, "nobody")
            if name == "default" or stanza is None or stanza.app != app:
                continue
            documents = wings.state.kvstore.documents(app, name)
            size = sum(len(json.dumps(document)) for document in documents)
            texts.append(
                json.dumps({"ns": f"{app}.{name}", "count": len(documents), "size": size, "nindexes": 1, "ok": 1})
            )
    yield "collectionStats", {"data": texts}


DISPATCHED = (
    "Bundle_Directory_Reaper",
    "Compute_User_Search_Quota",
    "Dispatch_Directory_Reaper",
    "Search_StartUp_Time",
)


@told("server/introspection/search/dispatch", "introspection--search-dispatch")
def dispatch(wings: Wings) -> Told:
    """How long what belongs to starting a search took, in milliseconds: nothing of it is work of its own here."""
    for name in DISPATCHED:
        yield name, {f"{name}_Average_Time(ms)": 0, f"{name}_Max_Time(ms)": 0}


@told("server/introspection/search/distributed", "introspection--search-distributed")
def distributed_metrics(wings: Wings) -> Told:
    for name in ("last_metrics", "window_metrics"):
        yield name, {"average_bundle_upload_time_ms": 0, "count": 0, "failed_count": 0}


@told("server/introspection/search/saved", "introspection--search-saved")
def saved_metrics(wings: Wings) -> Told:
    """None: nothing is cached of saved searches between runs."""
    return ()


# --- resources --------------------------------------------------------------------------------------------------------

listed("server/status/resource-usage", "resource-usage", ("hostwide", "iostats", "splunk-processes"))
listed("server/status/limits", "limits", ("search-concurrency",))


@told("server/status/resource-usage/hostwide", "hostwide")
def hostwide(wings: Wings) -> Told:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / MEGABYTE
    free = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_AVPHYS_PAGES") / MEGABYTE
    yield "result", {
        "cpu_arch": os.uname().machine, "cpu_count": os.cpu_count(), "mem": round(total), "mem_used": round(total - free),
        "normalized_load_avg_1min": round(os.getloadavg()[0] / (os.cpu_count() or 1), 2), "os_name": os.uname().sysname,
        "os_version": os.uname().release, "virtual_cpu_count": os.cpu_count(),
    }  # fmt: skip


@told("server/status/resource-usage/splunk-processes", "splunk-processes")
def processes(wings: Wings) -> Told:
    elapsed = max(wings.state.now() - wings.state.started, 0.0)
    yield str(os.getpid()), {
        "elapsed": round(elapsed, 2), "mem_used": round(memory.taken() / MEGABYTE, 1), "pid": os.getpid(), "process": "splunkd",
        "process_type": "splunkd_server",
    }  # fmt: skip


@told("server/status/resource-usage/iostats", "iostats")
def iostats(wings: Wings) -> Told:
    """Of each disk of a Linux machine, averaged since it was started."""
    if sys.platform != "linux":
        return
    up = max(float(Path("/proc/uptime").read_text().split()[0]), 1.0)
    for line in Path("/proc/diskstats").read_text().splitlines():
        fields = line.split()
        name, (reads, _, read, read_ms, writes, _, written, write_ms, _, busy_ms) = fields[2], map(int, fields[3:13])
        done = max(reads + writes, 1)
        if reads + writes and not name.startswith(("loop", "ram")):
            yield name, {
                "avg_service_ms": round(busy_ms / done, 3), "avg_total_ms": round((read_ms + write_ms) / done, 3),
                "cpu_pct": round(busy_ms / up / 10, 3), "device": name, "interval": round(up), "reads_kb_ps": round(read / 2 / up, 3),
                "reads_ps": round(reads / up, 3), "writes_kb_ps": round(written / 2 / up, 3), "writes_ps": round(writes / up, 3),
            }  # fmt: skip


@told("server/status/partitions-space", "partitions-space")
def partitions(wings: Wings) -> Told:
    disk = shutil.disk_usage(wings.state.data_dir)
    yield "1", {
        "available": round(disk.free / MEGABYTE), "capacity": round(disk.total / MEGABYTE), "free": round(disk.free / MEGABYTE),
        "fs_type": "", "mount_point": str(wings.state.data_dir),
    }  # fmt: skip


@told("data/index-volumes", "index-volumes")
def volumes(wings: Wings) -> Told:
    used = sum(wings.state.store.info(name).size for name in wings.state.store.indexes())
    yield "_splunk_summaries", {
        "max_size": "infinite", "name": "_splunk_summaries", "total_size": round(used / MEGABYTE, 3),
        "volume_path": str(wings.state.data_dir / "var" / "indexes"),
    }  # fmt: skip


@told("server/status/limits/search-concurrency", "search-concurrency")
def concurrency(wings: Wings) -> Told:
    """There is no real-time search and no summary; scheduled searches share the whole."""
    most = wings.searching.jobs.at_once
    yield "result", {
        "current_hist_searches": sum(not job.done.is_set() for job in wings.searching.jobs.all()), "max_auto_summary_searches": 0,
        "max_hist_scheduled_searches": most, "max_hist_searches": most, "max_rt_scheduled_searches": 0, "max_rt_searches": 0,
    }  # fmt: skip


@told("server/status/dispatch-artifacts", "dispatch-artifacts")
def artifacts(wings: Wings) -> Told:
    """`incomple` is splunkd's spelling."""
    jobs = wings.searching.jobs.all()
    kinds = {
        "adhoc": [job for job in jobs if not job.spec.scheduled],
        "scheduled": [job for job in jobs if job.spec.scheduled],
        "completed": [job for job in jobs if job.done.is_set()],
        "incomple": [job for job in jobs if not job.done.is_set()],
    }
    counts = {f"{kind}_count": len(of) for kind, of in kinds.items()}
    sizes = {f"{kind}_size_mb": _megabytes(of) for kind, of in kinds.items()}
    none = dict.fromkeys(("invalid_count", "remote_count", "temp_dispatch_count"), 0)
    yield "result", {**counts, **sizes, **none, "top_apps": None, "top_named_searches": None, "top_users": None}


def _megabytes(jobs: list[Job]) -> float:
    return round(sum(job.size for job in jobs) / MEGABYTE, 3)


@told("server/status/fishbucket", "fishbucket")
def fishbucket(wings: Wings) -> Told:
    """Nothing is watched, so no place in a file is kept."""
    yield "result", {"key_count": 0, "total_size": 0}


@told("server/status/conf-resource-usage", "conf-resource-usage")
def introspected(wings: Wings) -> Told:
    yield "result", {"collectionPeriodInSecs": 10, "disabled": True}


@told("server/status/installed-file-integrity", "installed-file-integrity", takes=("regex", "showAll"))
def integrity(wings: Wings) -> Told:
    """There is no manifest of installed files to hold them against."""
    yield "result", {"check_failures": None, "check_ready": False}

"""What clients ask of the platform around a server: licences, clusters, peers, health, resources.

This server stands alone and needs no licence; each path says so in the keys that clients look at. Names of keys are those of the
REST API reference ("License endpoint descriptions", "Cluster endpoint descriptions", "Introspection endpoint descriptions").
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.wings import Wings
from caltrop.splunkd.state import memory
from caltrop.splunkd.state.bulletins import RESTART
from caltrop.splunkd.state.state import SERVER_NAME
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import Request

Told = Iterable[tuple[str, Mapping[str, Any]]]
ACL = Acl(app="", owner="system")
MEGABYTE = 1 << 20
QUOTA = 2**63 - 1


def told(path: str, title: str) -> Callable[[Callable[[Wings], Told]], Callable[[Wings], Told]]:
    """Register a collection that lists what the decorated function tells: (name, content) of each entry."""

    def decorate(tell: Callable[[Wings], Told]) -> Callable[[Wings], Told]:
        class Platform(Collection):
            __doc__ = tell.__doc__

            def entries(self, request: Request) -> Iterable[Entry]:
                return (Entry(name, self.path, dict(content), ACL) for name, content in tell(self.wings))

        Platform.path, Platform.title = path, title
        register(Platform)
        return tell

    return decorate


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
        "connection_timeout": 30, "guid": [wings.state.guid], "last_manager_contact_attempt_time": int(wings.state.now()),
        "last_manager_contact_success_time": int(wings.state.now()), "manager_guid": [wings.state.guid],
        "manager_uri": "self", "master_uri": "self", "peer_id": wings.state.guid, "slave_id": wings.state.guid,
        "squash_threshold": 2000,
    }  # fmt: skip


@told("licenser/slaves", "licenser-slaves")
@told("licenser/peers", "licenser-peers")
def peers(wings: Wings) -> Told:
    yield wings.state.guid, {
        "active_pool_ids": ["auto_generated_pool_enterprise"], "label": SERVER_NAME, "stack_ids": ["enterprise"],
        "warning_count": 0,
    }  # fmt: skip


@told("licenser/usage", "licenser-usage")
def usage(wings: Wings) -> Told:
    used = sum(wings.state.store.info(name).raw_size for name in wings.state.store.indexes())
    yield "license_usage", {"quota": QUOTA, "slaves_usage_bytes": used, "peers_usage_bytes": used}


@told("cluster/config", "cluster-config")
def cluster(wings: Wings) -> Told:
    yield "config", {
        "disabled": True, "guid": wings.state.guid, "master_uri": "?", "manager_uri": "?", "mode": "disabled", "multisite": False,
        "replication_factor": 3, "search_factor": 2, "site": "default",
    }  # fmt: skip


@told("shcluster/config", "shcluster-config")
def shcluster(wings: Wings) -> Told:
    yield "config", {"disabled": True, "id": "", "mode": "disabled", "replication_factor": 3}


@told("search/distributed/peers", "distsearch-peer")
@told("deployment/server/clients", "deployment-clients")
@told("workloads/pools", "workload-pools")
def nobody(wings: Wings) -> Told:
    """None: the server stands alone."""
    return ()


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


@told("server/introspection/indexer", "introspection--indexer")
def indexer(wings: Wings) -> Told:
    yield "indexer", {"average_KBps": 0, "reason": "", "status": "normal"}


@told("server/introspection/kvstore/serverstatus", "introspection--kvstore-serverstatus")
def kvstore(wings: Wings) -> Told:
    uptime = max(int(wings.state.now() - wings.state.started), 0)
    yield "serverStatus", {"data": {"host": f"127.0.0.1:{wings.state.mgmt_port}", "ok": 1, "uptime": uptime}}


@told("server/introspection/search/dispatch", "introspection--search-dispatch")
def dispatch(wings: Wings) -> Told:
    jobs = wings.searching.jobs.all()
    yield "dispatch", {
        "count": len(jobs), "running": sum(not job.done.is_set() for job in jobs),
        "size_mb": round(sum(job.size for job in jobs) / MEGABYTE, 3),
    }  # fmt: skip


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


@told("server/status/partitions-space", "partitions-space")
def partitions(wings: Wings) -> Told:
    disk = shutil.disk_usage(wings.state.data_dir)
    yield "1", {
        "available": round(disk.free / MEGABYTE), "capacity": round(disk.total / MEGABYTE), "free": round(disk.free / MEGABYTE),
        "fs_type": "", "mount_point": str(wings.state.data_dir),
    }  # fmt: skip


@told("server/status/limits/search-concurrency", "search-concurrency")
def concurrency(wings: Wings) -> Told:
    running = sum(not job.done.is_set() for job in wings.searching.jobs.all())
    yield "result", {"max_hist_searches": wings.searching.jobs.at_once, "current_hist_searches": running}


@register
class Facts(Collection):
    """What can be told about this server's work while it runs, by name."""

    path = "server/introspection"
    title = "introspection"
    parts: ClassVar[tuple[str, ...]] = ("indexer", "kvstore", "search")

    def entries(self, request: Request) -> Iterable[Entry]:
        return (Entry(name, self.path, {}, ACL, links=("list",)) for name in self.parts)

"""The server about itself: `server/info`, `server/settings`, `server/control`, `server/status`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from caltrop.knowledge.configuration import SYSTEM
from caltrop.splunkd.rest.collection import Collection, collection_action, register
from caltrop.splunkd.state.bulletins import RESTART
from caltrop.splunkd.state.state import SERVER_NAME
from caltrop.splunkd.wire.atom import BUILD, Acl, Entry, iso_time
from caltrop.splunkd.wire.http import ApiError, Request

SYSTEM_ACL = Acl(app="", owner="system", read=("*",), write=(), removable=False)


@register
class ServerInfo(Collection):
    path = "server/info"
    aliases = ("server/sysinfo",)
    title = "server-info"

    def entries(self, request: Request) -> Iterable[Entry]:
        machine = platform.uname()
        guid = self.state.guid
        content = {
            "activeLicenseGroup": "Enterprise",
            "activeLicenseSubgroup": "Production",
            "addOns": {},
            "build": BUILD,
            "cgroups_version": "",
            "conf_generation": int(self.state.started),
            "cpu_arch": machine.machine,
            "federated_search_enabled": False,
            "fips_mode": False,
            "guid": guid,
            "health_info": "green",
            "health_version": 1,
            "host": SERVER_NAME,
            "host_fqdn": SERVER_NAME,
            "host_resolved": SERVER_NAME,
            "instance_type": "enterprise",
            "isConverged": False,
            "isForwarding": False,
            "isFree": False,
            "isTrial": False,
            "kvStoreStatus": "ready",
            "licenseKeys": ["F" * 64],
            "licenseLabels": ["Caltrop"],
            "licenseSignature": "F" * 32,
            "licenseState": "OK",
            "license_labels": ["Caltrop"],
            "manager_guid": guid,
            "manager_uri": "self",
            "master_guid": guid,
            "master_uri": "self",
            "max_users": 4294967295,
            "mode": "normal",
            "numberOfCores": os.cpu_count() or 1,
            "numberOfVirtualCores": os.cpu_count() or 1,
            "os_build": machine.version,
            "os_name": machine.system,
            "os_name_extended": machine.system,
            "os_version": machine.release,
            "physicalMemoryMB": _memory_megabytes(),
            "product_type": "enterprise",
            "rtsearch_enabled": True,
            "serverName": SERVER_NAME,
            "server_roles": ["indexer", "search_head", "kv_store"],
            "shutting_down": "0",
            "startup_time": int(self.state.started),
            "staticAssetId": "",
            "version": self.state.version,
            "versionControlEnabled": False,
        }
        yield Entry("server-info", self.path, content, SYSTEM_ACL)


@register
class ServerSettings(Collection):
    """`server.conf` and `web.conf` under the names that this endpoint uses; a change asks for a restart."""

    path = "server/settings"
    title = "server-settings"
    # argument -> (conf file, stanza, key, default)
    places: ClassVar[dict[str, tuple[str, str, str, str]]] = {
        "sessionTimeout": ("server", "general", "sessionTimeout", "1h"),
        "serverName": ("server", "general", "serverName", SERVER_NAME),
        "pass4SymmKey": ("server", "general", "pass4SymmKey", ""),
        "trustedIP": ("server", "general", "trustedIP", ""),
        "minFreeSpace": ("server", "diskUsage", "minFreeSpace", "500"),
        "host": ("inputs", "default", "host", SERVER_NAME),
        "enableSplunkWebSSL": ("web", "settings", "enableSplunkWebSSL", "0"),
        "startwebserver": ("web", "settings", "startwebserver", "1"),
    }
    optional = tuple(places)

    def entries(self, request: Request) -> Iterable[Entry]:
        content: dict[str, Any] = {
            "SPLUNK_HOME": str(self.state.data_dir),
            "SPLUNK_DB": str(self.state.data_dir / "var" / "indexes"),
            "mgmtHostPort": f"127.0.0.1:{self.state.mgmt_port}",
            "httpport": str(self.state.web_port or ""),
            "kvStorePort": "",
        }
        for key, (conf, stanza, name, default) in self.places.items():
            value = self.state.config.get(conf, stanza, name)
            content[key] = default if value is None else value
        if content["pass4SymmKey"]:
            content["pass4SymmKey"] = "********"
        yield Entry("settings", self.path, content, SYSTEM_ACL)

    def update(self, request: Request, entry: Entry) -> Entry:
        wanted = request.args.without("output_mode", "name")
        for key in wanted:
            if key not in self.places:
                raise ApiError(400, f'Argument "{key}" is not supported by this handler.')
        for key, value in wanted.items():
            conf, stanza, name, _ = self.places[key]
            self.state.config.set(conf, stanza, {name: value}, app=SYSTEM)
        if wanted:
            self.state.ask_restart("Server settings were changed.")
        return next(iter(self.entries(request)))


@register
class ServerControl(Collection):
    path = "server/control"
    title = "server-control"

    def entries(self, request: Request) -> Iterable[Entry]:
        for name in ("restart", "restart_webui"):
            yield Entry(name, self.path, {}, SYSTEM_ACL)

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return (("restart", "restart"), ("restart_webui", "restart_webui"))

    @collection_action("restart", "POST")
    def restart(self, request: Request) -> None:
        """Start afresh: configuration read again, messages and sessions gone. The process stays."""
        self.state.restart()

    @collection_action("restart_webui", "POST")
    def restart_web(self, request: Request) -> None:
        """There is no web interface to restart."""


@register
class Introspection(Collection):
    """The roles that this server plays, for clients that look before they act."""

    path = "server/roles"
    title = "server-roles"

    def entries(self, request: Request) -> Iterable[Entry]:
        content = {"role_list": ["indexer", "search_head", "kv_store"]}
        yield Entry("result", self.path, content, SYSTEM_ACL)


@register
class HealthReport(Collection):
    path = "server/health/splunkd"
    title = "health-report"

    def entries(self, request: Request) -> Iterable[Entry]:
        asked = any(b.name == RESTART for b in self.state.bulletins.all())
        yield Entry("splunkd", self.path, {"health": "yellow" if asked else "green"}, SYSTEM_ACL)


@register
class ServerStatus(Collection):
    """What the server can tell about its own resources; each part of it is a collection of its own there."""

    path = "server/status"
    title = "status"
    paged = False
    parts = (
        "conf-resource-usage",
        "dispatch-artifacts",
        "fishbucket",
        "installed-file-integrity",
        "limits",
        "partitions-space",
        "resource-usage",
    )

    def entries(self, request: Request) -> Iterable[Entry]:
        return (Entry(name, self.path, {}, SYSTEM_ACL, links=("list",)) for name in self.parts)


@register
class KvStoreStatus(Collection):
    """The KV store is part of this process: it is ready, and a captain of one."""

    path = "kvstore/status"
    title = "kvstore-status"

    def entries(self, request: Request) -> Iterable[Entry]:
        place = f"127.0.0.1:{self.state.mgmt_port}"
        started = int(self.state.started)
        member = {
            "configVersion": 1,
            "hostAndPort": place,
            "replicationStatus": "KV store captain",
            "uptime": max(int(self.state.now()) - started, 0),
        }
        current = {
            "backupRestoreStatus": "Ready",
            "date": iso_time(self.state.now()),
            "disabled": False,
            "guid": self.state.guid,
            "port": self.state.mgmt_port,
            "replicaSet": self.state.guid,
            "replicationStatus": "KV store captain",
            "standalone": True,
            "status": "ready",
            "storageEngine": "wiredTiger",
        }
        yield Entry("status", self.path, {"current": current, "members": {"0": member}}, SYSTEM_ACL)


@register
class Licenses(Collection):
    """No license is needed: the one entry says so to clients that look for one."""

    path = "licenser/licenses"
    title = "licenser-licenses"

    def entries(self, request: Request) -> Iterable[Entry]:
        content = {
            "creation_time": int(self.state.started),
            "expiration_time": 2**31 - 1,
            "group_id": "Enterprise",
            "label": "Caltrop",
            "license_hash": "F" * 64,
            "max_violations": 0,
            "quota": 2**63 - 1,
            "sourcetypes": [],
            "stack_id": "enterprise",
            "status": "VALID",
            "type": "enterprise",
            "window_period": 30,
        }
        yield Entry("F" * 64, self.path, content, SYSTEM_ACL)


def _memory_megabytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20

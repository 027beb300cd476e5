"""The server about itself: `server/info`, `server/settings`, `server/control`, `server/status`."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterable
from typing import Any, ClassVar

from caltrop.knowledge.configuration import SYSTEM
from caltrop.splunkd.rest.collection import Collection, collection_action, register
from caltrop.splunkd.state.bulletins import RESTART
from caltrop.splunkd.state.state import SERVER_NAME
from caltrop.splunkd.wire.atom import BUILD, VERSION, Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

SYSTEM_ACL = Acl(owner="system", read=("*",), write=("admin",), removable=False)


@register
class ServerInfo(Collection):
    path = "server/info"
    aliases = ("server/sysinfo",)
    title = "server-info"

    def entries(self, request: Request) -> Iterable[Entry]:
        machine = platform.uname()
        guid = self.state.guid
        content = {
            "build": BUILD,
            "cpu_arch": machine.machine,
            "guid": guid,
            "health_info": "green",
            "host": SERVER_NAME,
            "host_fqdn": SERVER_NAME,
            "host_resolved": SERVER_NAME,
            "instance_type": "enterprise",
            "isForwarding": False,
            "isFree": False,
            "isTrial": False,
            "kvStoreStatus": "ready",
            "licenseKeys": ["F" * 64],
            "licenseLabels": ["Caltrop"],
            "licenseSignature": "F" * 32,
            "licenseState": "OK",
            "license_labels": ["Caltrop"],
            "master_guid": guid,
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
            "startup_time": int(self.state.started),
            "version": VERSION,
        }
        yield Entry("server-info", self.path, content, SYSTEM_ACL, self.state.now())


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
        yield Entry("settings", self.path, content, SYSTEM_ACL, self.state.now())

    def update(self, request: Request, entry: Entry) -> Entry:
        wanted = request.args.without("output_mode", "name")
        for key in wanted:
            if key not in self.places:
                raise ApiError(400, f"Argument {key!r} is not supported by this endpoint")
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
            yield Entry(name, self.path, {}, SYSTEM_ACL, self.state.now())

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
        yield Entry("result", self.path, content, SYSTEM_ACL, self.state.now())


@register
class HealthReport(Collection):
    path = "server/health/splunkd"
    title = "health-report"

    def entries(self, request: Request) -> Iterable[Entry]:
        asked = any(b.name == RESTART for b in self.state.bulletins.all())
        yield Entry("splunkd", self.path, {"health": "yellow" if asked else "green"}, SYSTEM_ACL, self.state.now())


def _memory_megabytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20

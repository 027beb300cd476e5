"""Which capability a path asks for: one table, read by every handler.

A capability is asked for before the object is looked at; whether the caller may read or write the object itself is a
matter of its access list (`permissions.py`). Names and meanings follow authorize.conf.spec.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Needs:
    """Capabilities of which a caller must hold one, to read (GET) and to change (anything else); none: a login is enough."""

    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()


NOTHING = Needs()
# Path of a collection or route, as it is registered; `<path>/<action>` and `<path>/*/<action>` for an action of the
# collection or of an entry that differs from the rest; `<path>?<what>` for what depends on the arguments.
TABLE: Mapping[str, Needs] = {
    "admin/alert_actions": Needs(write=("admin_all_objects",)),
    "apps/appinstall": Needs(write=("install_apps",)),
    "apps/local": Needs(read=("rest_apps_view", "edit_local_apps"), write=("edit_local_apps",)),
    "apps/local?filename": Needs(write=("install_apps",)),
    "alerts/metric_alerts": Needs(write=("edit_metrics_alerts",)),
    "authentication/users": Needs(write=("change_authentication",)),
    "authorization/grantable_capabilities": Needs(read=("edit_roles", "edit_roles_grantable"), write=("edit_roles",)),
    "authorization/roles": Needs(write=("edit_roles",)),
    "authorization/tokens?name": Needs(write=("edit_tokens_all",)),
    "catalog/metricstore/dimensions": Needs(("search",), ("search",)),
    "catalog/metricstore/metrics": Needs(("search",), ("search",)),
    "catalog/metricstore/rollup": Needs(write=("edit_metrics_rollup",)),
    "caltrop/apps": Needs(write=("install_apps",)),
    "caltrop/content": Needs(("admin_all_objects",), ("admin_all_objects",)),
    "caltrop/upload": Needs(write=("edit_tcp",)),
    "data/indexes": Needs(write=("indexes_edit",)),
    "data/inputs/<scheme>": Needs(write=("edit_modinput",)),
    "data/inputs/http": Needs(read=("list_token_http", "edit_token_http"), write=("edit_token_http",)),
    "data/inputs/monitor": Needs(write=("edit_monitor",)),
    "data/inputs/oneshot": Needs(write=("edit_monitor",)),
    "data/inputs/script": Needs(write=("edit_scripted",)),
    "data/inputs/tcp/cooked": Needs(write=("edit_splunktcp",)),
    "data/inputs/tcp/raw": Needs(write=("edit_tcp",)),
    "data/inputs/tcp/splunktcptoken": Needs(("edit_splunktcp_token",), ("edit_splunktcp_token",)),
    "data/inputs/udp": Needs(write=("edit_udp",)),
    "data/outputs/tcp/default": Needs(write=("edit_server",)),
    "data/outputs/tcp/group": Needs(write=("edit_server",)),
    "data/outputs/tcp/server": Needs(write=("edit_server",)),
    "data/outputs/tcp/syslog": Needs(write=("edit_server",)),
    "data/transforms/metric-schema": Needs(write=("edit_metric_schema",)),
    "data/transforms/statsdextractions": Needs(write=("edit_statsd_transforms",)),
    "data/ui/global-banner": Needs(write=("edit_global_banner",)),
    "messages": Needs(write=("edit_messages",)),
    "receivers/simple": Needs(write=("edit_tcp",)),
    "receivers/stream": Needs(write=("edit_tcp",)),
    "properties": Needs(read=("rest_properties_get",), write=("rest_properties_set",)),
    "saved/bookmarks/monitoring_console": Needs(write=("edit_bookmarks_mc",)),
    "saved/sourcetypes": Needs(write=("edit_sourcetypes",)),
    "saved/searches?scheduled": Needs(write=("schedule_search",)),
    "saved/searches?script": Needs(write=("admin_all_objects",)),
    "saved/searches/*/embed": Needs(write=("embed_report",)),
    "saved/searches/*/unembed": Needs(write=("embed_report",)),
    "saved/searches/*/dispatch": Needs(write=("search",)),
    "search/concurrency-settings": Needs(write=("edit_search_concurrency_all",)),
    "search/scheduler": Needs(write=("edit_search_scheduler",)),
    "search/jobs": Needs(write=("search",)),
    "search/jobs/export": Needs(("search",), ("search",)),
    "search/typeahead": Needs(("get_typeahead",), ("get_typeahead",)),
    "search/v2/jobs/export": Needs(("search",), ("search",)),
    "search/v2/jobs": Needs(write=("search",)),
    "server/control": Needs(write=("restart_splunkd",)),
    "server/health-config": Needs(write=("edit_health",)),
    "server/logger": Needs(read=("list_settings", "edit_server"), write=("edit_server",)),
    "server/settings": Needs(read=("list_settings", "edit_server"), write=("edit_server",)),
    "storage/passwords": Needs(
        read=("list_storage_passwords", "edit_storage_passwords"), write=("edit_storage_passwords",)
    ),
}


# Conf files that hold secrets, say what the server runs, or are of the server as a whole: asked for besides the path, by whatever
# path they are read or written (`configs/conf-<name>`, `properties/<name>`).
ADMIN = ("admin_all_objects",)
SETTINGS = ("list_settings", "edit_server")
CONFS: Mapping[str, Needs] = {
    "alert_actions": Needs(write=ADMIN),
    "authentication": Needs(SETTINGS, ADMIN),
    "authorize": Needs(write=ADMIN),
    "commands": Needs(write=ADMIN),
    "deploymentclient": Needs(SETTINGS, ADMIN),
    "distsearch": Needs(SETTINGS, ADMIN),
    "indexes": Needs(write=ADMIN),
    "inputs": Needs(("list_token_http", "edit_token_http"), ADMIN),
    "limits": Needs(write=ADMIN),
    "outputs": Needs(SETTINGS, ADMIN),
    "passwords": Needs(ADMIN, ADMIN),
    "restmap": Needs(write=ADMIN),
    "server": Needs(SETTINGS, ADMIN),
    "user-seed": Needs(ADMIN, ADMIN),
    "web": Needs(write=ADMIN),
}
RUN = frozenset({"external_cmd", "external_type"})  # settings of transforms.conf that make the server run a script


def of_conf(conf: str, method: str) -> tuple[str, ...]:
    needs = CONFS.get(conf, NOTHING)
    return needs.read if method == "GET" else needs.write


def needed(path: str, method: str) -> tuple[str, ...]:
    """The capabilities of which a request with this method needs one."""
    needs = TABLE.get(path, NOTHING)
    return needs.read if method == "GET" else needs.write

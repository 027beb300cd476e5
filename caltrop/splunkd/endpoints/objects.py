"""Knowledge objects that are plain stanzas: one class each, all behaviour in `ConfCollection`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from caltrop.splunkd.rest.collection import register
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import Request


@register
class EventTypes(ConfCollection):
    path = "saved/eventtypes"
    title = "eventtypes"
    noun = "event type"
    conf = "eventtypes"
    create_needs = ("search",)
    required = ("search",)
    optional = ("color", "description", "disabled", "priority", "tags")
    strict = True
    defaults: ClassVar[dict[str, Any]] = {
        "color": "", "description": "", "disabled": False, "priority": 1, "search": "", "tags": "",
    }  # fmt: skip


@register
class Macros(ConfCollection):
    path = "admin/macros"
    aliases = ("data/macros",)
    title = "macros"
    noun = "macro"
    conf = "macros"
    create_needs = ("definition",)
    required = ("definition",)
    optional = ("args", "disabled", "errormsg", "iseval", "validation")  # as measured: no description
    strict = True
    booleans = frozenset({"iseval"})


@register
class TransformExtractions(ConfCollection):
    path = "data/transforms/extractions"
    title = "transforms-extract"
    noun = "field transform"
    conf = "transforms"
    create_needs = ("REGEX", "SOURCE_KEY")
    defaults: ClassVar[dict[str, Any]] = {
        "CAN_OPTIMIZE": True, "CLEAN_KEYS": True, "DEFAULT_VALUE": "", "DEST_KEY": "", "FORMAT": "", "KEEP_EMPTY_VALS": False,
        "LOOKAHEAD": 4096, "MV_ADD": False, "REGEX": "", "SOURCE_KEY": "_raw", "WRITE_META": False, "disabled": False,
    }  # fmt: skip

    def entries(self, request: Request) -> Iterable[Entry]:
        return (e for e in super().entries(request) if e.content.get("REGEX") or e.content.get("DELIMS"))


@register
class LookupDefinitions(ConfCollection):
    path = "data/transforms/lookups"
    title = "transforms-lookup"
    noun = "lookup definition"
    conf = "transforms"
    booleans = frozenset({"case_sensitive_match", "allow_caching"})

    def entries(self, request: Request) -> Iterable[Entry]:
        marks = ("filename", "external_type", "external_cmd", "collection")
        return (e for e in super().entries(request) if any(e.content.get(m) for m in marks))


@register
class AlertActions(ConfCollection):
    path = "admin/alert_actions"
    aliases = ("alerts/alert_actions",)
    title = "alert_actions"
    noun = "alert action"
    conf = "alert_actions"
    everywhere = True


@register
class Commands(ConfCollection):
    path = "data/commands"
    title = "commandsconf"
    noun = "command"
    conf = "commands"


@register
class WorkflowActions(ConfCollection):
    path = "data/ui/workflow-actions"
    title = "workflow-actions"
    noun = "workflow action"
    conf = "workflow_actions"


@register
class Times(ConfCollection):
    path = "data/ui/times"
    title = "times"
    noun = "time range"
    conf = "times"


class Outputs(ConfCollection):
    conf = "outputs"
    noun = "output"
    shared = True
    everywhere = True
    home = "search"


@register
class SyslogOutputs(Outputs):
    """Kept as configuration; this server forwards nothing."""

    path = "data/outputs/tcp/syslog"
    title = "syslog"
    prefix = "syslog:"
    optional = ("disabled", "priority", "server", "timestampformat", "type")
    defaults: ClassVar[dict[str, Any]] = {"disabled": False, "priority": "<13>", "server": "", "type": "udp"}


@register
class TcpOutputGroups(Outputs):
    path = "data/outputs/tcp/group"
    title = "tcpout-group"
    prefix = "tcpout:"


@register
class TcpOutputServers(Outputs):
    path = "data/outputs/tcp/server"
    title = "tcpout-server"
    prefix = "tcpout-server://"


@register
class TcpOutputDefaults(Outputs):
    """The settings of all forwarding; kept as configuration, this server forwards nothing."""

    path = "data/outputs/tcp/default"
    title = "tcpout-default"
    defaults: ClassVar[dict[str, Any]] = {"defaultGroup": "", "disabled": False, "indexAndForward": False}

    def entries(self, request: Request) -> Iterable[Entry]:
        return (e for e in super().entries(request) if e.name == "tcpout")


@register
class MetricSchemas(ConfCollection):
    path = "data/transforms/metric-schema"
    title = "metric-schema-transforms"
    noun = "metric schema"
    conf = "transforms"
    prefix = "metric-schema:"


@register
class StatsdExtractions(ConfCollection):
    path = "data/transforms/statsdextractions"
    title = "transforms-statsd"
    noun = "StatsD extraction"
    conf = "transforms"
    prefix = "statsd-dims:"


@register
class MetricAlerts(ConfCollection):
    """Kept as configuration; nothing evaluates them, scheduled searches alert over metrics."""

    path = "alerts/metric_alerts"
    title = "metric_alerts"
    noun = "metric alert"
    conf = "metric_alerts"
    create_needs = ("condition", "metric_indexes")


@register
class UiPreferences(ConfCollection):
    path = "data/ui/prefs"
    title = "ui-prefs"
    noun = "preference"
    conf = "ui-prefs"


@register
class UiTours(ConfCollection):
    path = "data/ui/ui-tour"
    title = "ui-tour"
    noun = "tour"
    conf = "ui-tour"


@register
class Visualizations(ConfCollection):
    path = "data/ui/visualizations"
    title = "visualizations"
    noun = "visualization"
    conf = "visualizations"


@register
class GlobalBanner(ConfCollection):
    """One banner, BANNER_MESSAGE_SINGLETON, that no interface here shows."""

    path = "data/ui/global-banner"
    title = "global-banner"
    noun = "banner"
    conf = "global-banner"
    shared = True
    everywhere = True
    skip = frozenset()
    defaults: ClassVar[dict[str, Any]] = {
        "disabled": False, "global_banner.background_color": "blue", "global_banner.hyperlink": "", "global_banner.hyperlink_text": "",
        "global_banner.message": "", "global_banner.visible": False,
    }  # fmt: skip


@register
class Bookmarks(ConfCollection):
    """Addresses of other monitoring consoles."""

    path = "saved/bookmarks/monitoring_console"
    title = "bookmarks-mc"
    noun = "bookmark"
    conf = "bookmarks"
    prefix = "bookmarks_mc:"
    create_needs = ("url",)


@register
class HealthConfig(ConfCollection):
    """health.conf: what the report of health looks at, and whom it would tell; kept as configuration."""

    path = "server/health-config"
    title = "health-config"
    noun = "health setting"
    conf = "health"
    shared = True
    everywhere = True


@register
class SourceTypes(ConfCollection):
    """Stanzas of props.conf that are source types."""

    path = "saved/sourcetypes"
    title = "sourcetypes"
    noun = "source type"
    conf = "props"

    def entries(self, request: Request) -> Iterable[Entry]:
        return (e for e in super().entries(request) if "::" not in e.name)

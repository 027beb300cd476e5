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

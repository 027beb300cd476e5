"""Server messages: `messages`. The content key of an entry is the message's own name."""

from __future__ import annotations

from collections.abc import Iterable

from caltrop.splunkd.access.roles import split
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import check_name
from caltrop.splunkd.state.bulletins import Bulletin
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

SEVERITIES = frozenset({"info", "warn", "error"})


@register
class Messages(Collection):
    path = "messages"
    title = "messages"
    noun = "message"
    required = ("value",)
    optional = ("severity", "capability", "role", "help")

    def entries(self, request: Request) -> Iterable[Entry]:
        for bulletin in self.state.bulletins.all():
            yield self._entry(bulletin)

    def _entry(self, bulletin: Bulletin) -> Entry:
        content = {
            bulletin.name: bulletin.text,
            "value": bulletin.text,
            "message": bulletin.text,
            "severity": bulletin.severity,
            "timeCreated_epochSecs": int(bulletin.created),
            "server": "caltrop",
        }
        return Entry(bulletin.name, self.path, content, Acl(app="", owner="system"), bulletin.created)

    def create(self, request: Request, name: str) -> Entry:
        check_name(name)
        severity = request.args.get("severity", "warn").lower()
        if severity not in SEVERITIES:
            raise ApiError(400, f"severity must be info, warn or error, not {severity!r}")
        text = request.args.required("value")
        roles = self.state.roles
        for key, known in (("role", roles.names()), ("capability", roles.all_capabilities())):
            for wanted in (word for value in request.args.all(key) for word in split(value)):
                if wanted not in known:
                    raise ApiError(400, f"There is no {key} {wanted!r} to show a message to")
        return self._entry(self.state.bulletins.add(name, text, severity, self.state.now()))

    def delete(self, request: Request, entry: Entry) -> None:
        self.state.bulletins.remove(entry.name)

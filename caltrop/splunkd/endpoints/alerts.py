"""Fired alerts: `alerts/fired_alerts` (one entry for each saved search, `-` for all), and what each of them was."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caltrop.knowledge.configuration import NOBODY
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import shared_acl
from caltrop.splunkd.searching.alerting import Triggered
from caltrop.splunkd.wire.atom import Acl, Entry, encode_name, iso_time
from caltrop.splunkd.wire.http import ApiError, Request, Response, names_of

ALL = "-"


@register
class FiredAlerts(Collection):
    path = "alerts/fired_alerts"
    title = "alerts"

    def handle(self, request: Request, rest: list[str]) -> Response:
        """Below a search's name lie its alerts; a name without alerts has none, and is no error."""
        if len(rest) == 1 and request.method == "GET":
            return self.feed(request, self._alerts(request, names_of(rest[0])))
        if len(rest) == 2 and request.method == "DELETE":
            for fired in self._fired(request):
                if fired.saved[2] in names_of(rest[0]) and fired.sid in names_of(rest[1]):
                    self._require_write(request, fired.saved)
                    self.searching.alerting.forget(fired.saved, fired.sid)
            return self.feed(request, [])
        return super().handle(request, rest)

    def _fired(self, request: Request) -> list[Triggered]:
        user = request.account
        fired = self.searching.alerting.fired(self.state.now())
        return [t for t in fired if t.saved[1] in {NOBODY, user.name} or self.state.permissions.is_admin(user)]

    def _require_write(self, request: Request, key: tuple[str, str, str]) -> None:
        """403 unless the caller may change the saved search itself."""
        app, owner, name = key
        acl = _acl(key) if owner != NOBODY else shared_acl(self.state.config, app, "app", "savedsearches", name)
        if not self.state.permissions.may_write(request.account, acl):
            raise ApiError(403, f"User {request.account.name!r} may not change {name!r}")

    def entries(self, request: Request) -> Iterable[Entry]:
        fired = self._fired(request)
        groups: dict[tuple[str, str, str], int] = {}
        for alert in fired:
            groups[alert.saved] = groups.get(alert.saved, 0) + 1
        if fired:
            yield Entry(
                ALL, self.path, {"triggered_alert_count": len(fired)}, Acl("search", ALL, "user", ("*",), ("*",))
            )
        for key, count in groups.items():
            yield Entry(key[2], self.path, {"triggered_alert_count": count}, _acl(key))

    def _alerts(self, request: Request, names: Sequence[str]) -> list[Entry]:
        chosen = [t for t in self._fired(request) if ALL in names or t.saved[2] in names]
        return [self._alert(alert) for alert in chosen]

    def _alert(self, alert: Triggered) -> Entry:
        content = {
            "actions": ",".join(alert.actions),
            "alert_type": alert.alert_type,
            "digest_mode": alert.digest,
            "expiration_time_rendered": iso_time(alert.expires),
            "savedsearch_name": alert.saved[2],
            "severity": alert.severity,
            "sid": alert.sid,
            "trigger_time": int(alert.time),
            "trigger_time_rendered": iso_time(alert.time),
            "triggered_alerts": alert.count,
        }
        return Entry(alert.sid, f"{self.path}/{encode_name(alert.saved[2])}", content, _acl(alert.saved), alert.time)


def _acl(key: tuple[str, str, str]) -> Acl:
    app, owner, _ = key
    return Acl(app, owner, "app" if owner == NOBODY else "user")

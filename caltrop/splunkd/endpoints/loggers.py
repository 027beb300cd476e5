"""Log levels: `server/logger`. Components of this server and the level at which each writes to `index=_internal`."""

from __future__ import annotations

from collections.abc import Iterable

from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.state.logs import LEVELS
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request


@register
class Loggers(Collection):
    path = "server/logger"
    title = "logger"
    required = ("level",)

    def entries(self, request: Request) -> Iterable[Entry]:
        for name, level in sorted(self.state.logs.levels.items()):
            yield self._entry(name, level)

    def _entry(self, name: str, level: str) -> Entry:
        return Entry(name, self.path, {"level": level}, Acl(owner="system"), self.state.now())

    def update(self, request: Request, entry: Entry) -> Entry:
        level = request.args.required("level").upper()
        if level not in LEVELS:
            raise ApiError(400, f"level must be one of {', '.join(LEVELS)}, not {level!r}")
        self.state.logs.levels[entry.name] = level
        return self._entry(entry.name, level)

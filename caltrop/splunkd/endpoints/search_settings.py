"""How many searches run and whether scheduled ones do: `search/scheduler`, `search/concurrency-settings`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from caltrop.knowledge.configuration import SYSTEM
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

OF_SERVER = Acl(app="", owner="system")


@register
class SchedulerStatus(Collection):
    """`disabled` of `search/scheduler/status` stops scheduled searches until it is 0 again, or the server starts anew."""

    path = "search/scheduler"
    title = "scheduler"
    optional = ("disabled",)
    strict = True

    def entries(self, request: Request) -> Iterable[Entry]:
        content = {"saved_searches_disabled": self.searching.scheduler.stopped}
        yield Entry("status", self.path, content, OF_SERVER, links=("list", "edit"))

    def update(self, request: Request, entry: Entry) -> Entry:
        request.args.required("disabled")
        self.searching.scheduler.stopped = request.args.flag("disabled")
        return next(iter(self.entries(request)))


@register
class ConcurrencySettings(Collection):
    """Numbers of limits.conf. How many searches run at once is a matter of the machine's processors and `[search]` of limits.conf."""

    path = "search/concurrency-settings"
    title = "concurrency-settings"
    # entry -> (stanza of limits.conf, {key: default})
    places: ClassVar[Mapping[str, tuple[str, Mapping[str, int | float | str]]]] = {
        "scheduler": ("scheduler", {"auto_summary_perc": 50, "max_searches_perc": 50}),
        "search": (
            "search",
            {
                "base_max_searches": 6, "max_rt_search_multiplier": 1, "max_searches_per_cpu": 1, "shc_adhoc_quota_enforcement": "off",
                "total_search_concurrency_limit": "auto",
            },
        ),
    }  # fmt: skip

    def entries(self, request: Request) -> Iterable[Entry]:
        for name, (stanza, defaults) in self.places.items():
            content = {key: self._value(stanza, key, default) for key, default in defaults.items()}
            yield Entry(name, self.path, content, OF_SERVER, links=("list", "edit"))

    def _value(self, stanza: str, key: str, default: int | float | str) -> int | float | str:
        text = self.state.config.get("limits", stanza, key)
        if text is None:
            return default
        try:
            return float(text) if "." in text else int(text)
        except ValueError:
            return text

    def update(self, request: Request, entry: Entry) -> Entry:
        stanza, defaults = self.places[entry.name]
        wanted = request.args.without("output_mode", "name")
        for key, value in wanted.items():
            if key not in defaults:
                raise ApiError(400, f'Argument "{key}" is not supported by this handler.')
            if not isinstance(defaults[key], str) and not value.replace(".", "", 1).isdigit():
                raise ApiError(400, f"{key} must be a number that is not negative, not {value!r}")
        if wanted:
            self.state.config.set("limits", stanza, wanted, app=SYSTEM)
        return next(e for e in self.entries(request) if e.name == entry.name)

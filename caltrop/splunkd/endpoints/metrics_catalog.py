"""What metrics there are and what they are measured by: `catalog/metricstore/*` ("Metrics Catalog endpoint descriptions").

Answered by `mcatalog` as the caller, over the last day where no time is given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import ClassVar

from caltrop.dialect.words import quoted
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.searching.jobs import SearchSpec
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import ApiError, NotFound, Request, Response, names_of
from caltrop.splunkd.wire.results import rows_of

SECONDS = 60.0
FIELD = re.compile(r"[\w.:/-]+")


class Catalog(Collection):
    """`earliest`, `latest`, `filter` (dimension=value, repeated) and `metric_name` narrow it."""

    listing_args = frozenset({"earliest", "latest", "filter", "metric_name", "list_indexes"})
    paged = True

    def values(self, request: Request, field: str, by: str = "") -> list[tuple[str, list[str]]]:
        """The values of a field, each with the values of `by` that it comes with."""
        if not FIELD.fullmatch(field):
            raise NotFound(f"Could not find object id={field}")
        args = request.args
        terms = [f"metric_name={quoted(args.get('metric_name') or '*')}", *(t for t in args.all("filter") if t.strip())]
        if not any(t.strip().startswith("index") for t in terms):
            terms.append("index=*")
        search = f"| mcatalog values({field}) AS v WHERE {' '.join(terms)}" + (f" BY {by}" if by else "")
        spec = SearchSpec(
            search,
            request.account.name,
            request.place()[1],
            args.get("earliest") or "-24h",
            args.get("latest") or "now",
        )
        job = self.searching.start(spec)
        job.done.wait(SECONDS)
        if job.failed or not job.done.is_set():
            self.searching.jobs.remove(job)
            raise ApiError(400, next((m.text for m in job.messages), "The catalog could not be read."))
        found: dict[str, list[str]] = {}
        for row in rows_of(job.table):
            cell = row.get("v", [])
            for value in [cell] if isinstance(cell, str) else cell:
                found.setdefault(value, []).extend([str(row[by])] if by else [])
        self.searching.jobs.remove(job)
        return sorted(found.items())


@register
class Metrics(Catalog):
    """The names of metrics; with `list_indexes` the indexes that hold each."""

    path = "catalog/metricstore/metrics"
    title = "metrics"

    def entries(self, request: Request) -> Iterable[Entry]:
        if request.args.flag("list_indexes"):
            found = self.values(request, "metric_name", "index")
            return (Entry(name, self.path, {"indexes": indexes}, links=("list",)) for name, indexes in found if name)
        return (Entry(name, self.path, {}, links=("list",)) for name, _ in self.values(request, "metric_name") if name)


@register
class Dimensions(Catalog):
    """The dimensions of a metric; below one `values`, its values."""

    path = "catalog/metricstore/dimensions"
    title = "dimensions"

    def entries(self, request: Request) -> Iterable[Entry]:
        return (Entry(name, self.path, {}, links=("list",)) for name, _ in self.values(request, "_dims") if name)

    def handle(self, request: Request, rest: list[str]) -> Response:
        if len(rest) != 2 or rest[1] != "values" or request.method != "GET":
            return super().handle(request, rest)
        found = self.values(request, names_of(rest[0])[0])
        path = f"{self.path}/{rest[0]}/values"
        return self.feed(request, [Entry(name, path, {}, links=("list",)) for name, _ in found if name])


@register
class Rollups(ConfCollection):
    """Policies of metric rollups, kept as configuration; nothing is rolled up."""

    path = "catalog/metricstore/rollup"
    title = "rollup"
    noun = "rollup policy"
    conf = "metric_rollups"
    prefix = "index:"
    home = "search"
    create_needs: ClassVar[tuple[str, ...]] = ("summaries",)
    shared = True

"""Everything of many kinds at once: `directory` (knowledge objects) and `data/inputs/all`; each entry says what it is and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import ClassVar

from caltrop.splunkd.access import capabilities
from caltrop.splunkd.access.permissions import ADMIN_CAPABILITY
from caltrop.splunkd.rest.collection import Collection, collections, register
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import Request


class Gathered(Collection):
    """The objects of other collections under their own names; they are changed at their `eai:location`."""

    of: ClassVar[Sequence[str]]

    def entries(self, request: Request) -> Iterable[Entry]:
        for path in self.of:
            cls = collections[path]
            if not self._may_list(request, path):
                continue
            for entry in cls(self.wings).entries(request):
                facts = {"eai:type": cls.title, "eai:location": f"/{path}", "eai:orphaned": False}
                yield replace(entry, content={**entry.content, **facts})

    def _may_list(self, request: Request, path: str) -> bool:
        needed = capabilities.needed(path, "GET")
        held = self.state.permissions.capabilities(request.account)
        return not needed or not held.isdisjoint({*needed, ADMIN_CAPABILITY})


@register
class Directory(Gathered):
    """The knowledge objects that the namespace sees."""

    path = "directory"
    title = "directory"
    of = (
        "admin/macros", "data/props/calcfields", "data/props/extractions", "data/props/fieldaliases", "data/props/lookups",
        "data/props/sourcetype-rename", "data/lookup-table-files", "data/transforms/extractions", "data/transforms/lookups", "data/ui/nav",
        "data/ui/panels", "data/ui/times", "data/ui/views", "data/ui/workflow-actions", "datamodel/model", "saved/eventtypes", "saved/fvtags",
        "saved/searches",
    )  # fmt: skip


@register
class AllInputs(Gathered):
    """Inputs of every kind that there is."""

    path = "data/inputs/all"
    title = "all"
    listing_args = frozenset({"common"})
    of = (
        "data/inputs/http", "data/inputs/monitor", "data/inputs/script", "data/inputs/tcp/cooked", "data/inputs/tcp/raw", "data/inputs/udp",
    )  # fmt: skip

"""Views that are mailed on a schedule: `scheduled/views`. Each view has one, named after it, whether it is scheduled or not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from caltrop.knowledge.configuration import MergedStanza
from caltrop.splunkd.endpoints.saved_searches import DEFAULTS, SavedSearches
from caltrop.splunkd.endpoints.ui_files import Views
from caltrop.splunkd.rest.collection import register
from caltrop.splunkd.rest.confobjects import acl_of, place_of, require_place
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import ApiError, Request

PREFIX = "_ScheduledView__"


@register
class ScheduledViews(SavedSearches):
    """Kept as saved searches that do nothing but run: the mail, with the view as PDF, is not sent (no action leaves the machine)."""

    path = "scheduled/views"
    title = "scheduledviews"
    noun = "scheduled view"
    rights = "saved/searches"
    create_needs: ClassVar[tuple[str, ...]] = ()
    required: ClassVar[tuple[str, ...]] = ()
    defaults: ClassVar[Mapping[str, Any]] = {**DEFAULTS, "action.email.pdfview": "", "search": "| noop"}

    def entries(self, request: Request) -> Iterable[Entry]:
        return (found for view in Views(self.wings).entries(request) for found in self._of(request, view))

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        for name in names:
            found = [
                e
                for view in Views(self.wings).entries(request)
                if PREFIX + view.name == name
                for e in self._of(request, view)
            ]
            if found:
                return found
        return []

    def _of(self, request: Request, view: Entry) -> Iterable[Entry]:
        app, _ = place_of(view)
        name = PREFIX + view.name
        stanza = self.state.config.stanza(self.conf, name, app, request.account.name)
        if stanza is None:
            stanza = MergedStanza(name, app, "nobody", {})
        yield self.entry(request, stanza, None, acl_of(self.state.config, self.conf, stanza))

    def complete(self, entry: Entry) -> None:
        super().complete(entry)
        entry.content["action.email.pdfview"] = entry.name.removeprefix(PREFIX)

    def create(self, request: Request, name: str) -> Entry:
        raise ApiError(405, "Method Not Allowed")

    def update(self, request: Request, entry: Entry) -> Entry:
        app, owner = place_of(entry)
        if self.state.config.stanza(self.conf, entry.name, app, owner) is None:
            require_place(self.state, request, app, owner)
            self.state.config.create(self.conf, entry.name, {"search": "| noop"}, app=app, user=owner)
        return super().update(request, entry)

    def delete(self, request: Request, entry: Entry) -> None:
        """The view is not scheduled any more; it stays."""
        self.may_write(request, entry)
        app, owner = place_of(entry)
        if self.state.config.stanza(self.conf, entry.name, app, owner) is not None:
            super().delete(request, entry)

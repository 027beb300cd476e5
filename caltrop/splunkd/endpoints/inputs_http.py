"""HTTP Event Collector tokens: `data/inputs/http`. Stanzas `http://<name>` of `inputs.conf`; `[http]` is the global switch."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, ClassVar

from caltrop.splunkd.rest.collection import register
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import ApiError, Request

PREFIX = "http://"
GLOBAL = "http"


@register
class HttpInputs(ConfCollection):
    path = "data/inputs/http"
    title = "http"
    noun = "token"
    conf = "inputs"
    prefix = PREFIX
    shared = True
    everywhere = True
    home = "splunk_httpinput"
    defaults: ClassVar[dict[str, Any]] = {
        "disabled": False,
        "host": "caltrop",
        "index": "default",
        "indexes": "",
        "source": "",
        "sourcetype": "",
        "useACK": False,
        "allowQueryStringAuth": False,
        "description": "",
        "connection_host": "ip",
    }
    optional = (*defaults, "token")
    booleans = frozenset({"enableSSL", "useDeploymentServer"})

    def entries(self, request: Request) -> Iterable[Entry]:
        """The tokens, and `http` for the collector as a whole."""
        yield from super().entries(request)
        yield from self.find(request, [GLOBAL])

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        """Tokens answer to their full stanza name and to the name alone."""
        found = super().find(request, [n for n in names if n != GLOBAL])
        if not found and GLOBAL in names:
            view = self.state.config.stanzas(self.conf)
            if GLOBAL in view:
                found = [self.entry(request, view[GLOBAL], None, self.acl(self.conf, view[GLOBAL]))]
        return found

    def stanza_name(self, name: str) -> str:
        return name if name == GLOBAL else super().stanza_name(name)

    def entry_name(self, stanza: str) -> str:
        return stanza

    def complete(self, entry: Entry) -> None:
        if entry.name == GLOBAL:
            # What is set is told, as splunkd does; the collector stays at its port until the server is started anew.
            entry.content.setdefault("port", self.state.hec_port)
            entry.content.setdefault("enableSSL", True)
            return
        entry.content["indexes"] = [i.strip() for i in str(entry.content["indexes"]).split(",") if i.strip()]

    def settings(self, request: Request, entry: Entry | None) -> dict[str, str]:
        found = super().settings(request, entry)
        lists = request.args.all("indexes")
        if lists:
            found["indexes"] = ",".join(
                dict.fromkeys(i.strip() for text in lists for i in text.split(",") if i.strip())
            )
        if entry is None:
            found.setdefault("token", str(uuid.uuid4()))
        return found

    def check(self, request: Request, name: str, settings: dict[str, str], entry: Entry | None) -> None:
        store = self.state.store
        wanted = [i for i in settings.get("indexes", "").split(",") if i]
        if settings.get("index") not in (None, "", "default"):
            wanted.append(settings["index"])
        for index in wanted:
            if index not in store:
                raise ApiError(400, f"The index '{index}' does not exist")
        token = settings.get("token")
        if token is not None:
            view = self.state.config.stanzas(self.conf)
            held = [
                n for n, s in view.items() if s.get("token").lower() == token.lower() and n != self.stanza_name(name)
            ]
            if not token.strip() or held:
                raise ApiError(
                    400 if not held else 409, f"The token value is {'used by ' + held[0] if held else 'empty'}"
                )

"""Stored credentials: `storage/passwords`. Encrypted in `passwords.conf`, with a key that never leaves the data directory."""

from __future__ import annotations

import re
from collections.abc import Sequence

from caltrop.knowledge.configuration import NOBODY
from caltrop.splunkd.rest.collection import register
from caltrop.splunkd.rest.confobjects import ConfCollection
from caltrop.splunkd.wire.atom import Entry
from caltrop.splunkd.wire.http import Request

PREFIX = "credential:"
_PARTS = re.compile(r"((?:[^:\\]|\\.)*):((?:[^:\\]|\\.)*):?", re.DOTALL)


def escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace(":", "\\:")


def unescape(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


@register
class Passwords(ConfCollection):
    path = "storage/passwords"
    title = "passwords"
    noun = "credential"
    conf = "passwords"
    prefix = PREFIX
    required = ("password",)
    optional = ("realm",)

    def find(self, request: Request, names: Sequence[str]) -> list[Entry]:
        """With or without the last colon, and without a realm also without the first."""
        closed = [n if n.endswith(":") and not n.endswith("\\:") else f"{n}:" for n in names]
        return super().find(request, list(dict.fromkeys([*names, *closed, *(f":{n}" for n in closed)])))

    def complete(self, entry: Entry) -> None:
        match = _PARTS.fullmatch(entry.name)
        realm, username = (unescape(match[1]), unescape(match[2])) if match else ("", entry.name)
        encrypted = str(entry.content.pop("password", ""))
        entry.content |= {
            "clear_password": self._decrypt(encrypted),
            "encr_password": encrypted,
            "password": "********",
            "realm": realm,
            "username": username,
        }

    def _decrypt(self, token: str) -> str:
        # Not at the head: a server without stored credentials starts without it.
        from cryptography.fernet import Fernet, InvalidToken

        try:
            return Fernet(self.state.secret_key()).decrypt(token.encode()).decode()
        except InvalidToken:
            return ""

    def settings(self, request: Request, entry: Entry | None) -> dict[str, str]:
        from cryptography.fernet import Fernet

        password = request.args.required("password")
        return {"password": Fernet(self.state.secret_key()).encrypt(password.encode()).decode()}

    def create(self, request: Request, name: str) -> Entry:
        return super().create(request, f"{escape(request.args.get('realm'))}:{escape(name)}:")

    def new_place(self, request: Request) -> tuple[str, str]:
        app, owner = super().new_place(request)
        return app, NOBODY if request.owner in (None, "-", NOBODY) else owner

    def conflict_text(self, name: str) -> str:
        return f"A credential named {name} exists already"

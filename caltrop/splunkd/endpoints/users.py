"""Users: `authentication/users`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from caltrop.splunkd.access.accounts import User
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.state.state import ADMIN, State
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

NAME = re.compile(r"[^\s:/\\\x00-\x1f]{1,128}")
LEAST_LENGTH = 8  # minPasswordLength of authentication.conf
SELF_SERVICE = frozenset({"password", "oldpassword", "realname", "email", "tz", "defaultApp", "output_mode"})


# What a user chose for the web interface; there is none here, and these are kept at what a new user has.
INTERFACE: dict[str, Any] = {
    "display_new_search_banner": "1",
    "lang": "",
    "search_assistant": "compact",
    "search_auto_format": "0",
    "search_line_numbers": "0",
    "search_syntax_highlighting": "light",
    "search_use_advanced_editor": "1",
    "theme": "enterprise",
}


def user_content(state: State, user: User) -> dict[str, Any]:
    return {
        **INTERFACE,
        "capabilities": sorted(state.permissions.capabilities(user)),
        "defaultApp": user.defaultApp,
        "defaultAppIsUserOverride": True,
        "defaultAppSourceRole": "system",
        "email": user.email or None,
        "last_successful_login": int(state.accounts.last_login(user.name)),
        "locked-out": state.accounts.locked(user.name),
        "olly_org": "",
        "password": "********",
        "realname": user.realname,
        "restart_background_jobs": True,
        "roles": user.roles,
        "type": "Splunk",
        "tz": user.tz,
    }


@register
class Users(Collection):
    path = "authentication/users"
    title = "users"
    noun = "user"
    required = ("password", "roles")
    optional = (
        "createrole", "defaultApp", "email", "force-change-pass", "locked-out", "oldpassword", "realname",
        "restart_background_jobs", "tz", *INTERFACE,
    )  # fmt: skip
    strict = True

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return (("create", "_new"),)

    def authorize(self, request: Request, rest: list[str]) -> None:
        """Anybody may change their own password, name and address."""
        own = rest == [request.account.name] and request.method == "POST"
        if not (own and set(request.args) <= SELF_SERVICE):
            super().authorize(request, rest)

    def entries(self, request: Request) -> Iterable[Entry]:
        everyone = self.state.permissions.is_admin(request.account)
        for user in list(self.state.accounts.users.values()):
            if everyone or user.name == request.account.name:
                yield self._entry(request, user)

    def _entry(self, request: Request, user: User) -> Entry:
        """Nobody removes themselves, so their own entry offers no way to."""
        acl = Acl(app="", owner="system", read=("*",), write=("*",))
        links = ("list", "edit") if user.name == request.account.name else ("list", "edit", "remove")
        return Entry(user.name, self.path, user_content(self.state, user), acl, links=links)

    def missing(self, request: Request, names: Sequence[str]) -> ApiError:
        # Splunk answers DELETE and POST of a user that is not there with 400, GET with 404.
        status = 404 if request.method == "GET" else 400
        return ApiError(status, f"Could not find object id={names[0]}")

    def create(self, request: Request, name: str) -> Entry:
        name = name.lower()
        if not NAME.fullmatch(name):
            raise ApiError(400, f"Invalid user name {name!r}")
        if self.state.accounts.find(name) is not None:
            raise ApiError(409, f"Unable to create user named '{name}': it already exists.")
        facts = self._facts(request)
        if not facts.get("roles"):
            raise ApiError(400, "At least one role is required for the user")
        request.args.required("password")
        return self._entry(request, self.state.accounts.set_user(name, **facts))

    def update(self, request: Request, entry: Entry) -> Entry:
        facts = self._facts(request)
        if "oldpassword" in request.args and not self.state.accounts.check_password(
            entry.name, request.args.get("oldpassword")
        ):
            raise ApiError(400, "The old password is wrong")
        if "roles" in facts and not facts["roles"]:
            raise ApiError(400, "At least one role is required for the user")
        if "locked-out" in request.args and not request.args.flag("locked-out"):
            self.state.accounts.unlock(entry.name)
        return self._entry(request, self.state.accounts.set_user(entry.name, **facts))

    def delete(self, request: Request, entry: Entry) -> None:
        if entry.name in {ADMIN, request.account.name}:
            raise ApiError(400, f"User '{entry.name}' cannot be removed")
        self.state.accounts.remove_user(entry.name)

    def _facts(self, request: Request) -> dict[str, Any]:
        args = request.args
        facts: dict[str, Any] = {
            k: args.get(k) for k in ("password", "realname", "email", "defaultApp", "tz") if k in args
        }
        if "password" in facts and len(facts["password"]) < LEAST_LENGTH:
            raise ApiError(400, f"Password did not meet complexity requirements: at least {LEAST_LENGTH} characters.")
        if facts.get("defaultApp") and facts["defaultApp"] not in self.state.config.apps():
            raise ApiError(400, f"Application does not exist: {facts['defaultApp']}")
        if "roles" in args:
            facts["roles"] = [r.lower() for text in args.all("roles") for r in text.split(":") if r]
            known = self.state.roles.names()
            for role in facts["roles"]:
                if role not in known:
                    raise ApiError(400, f"Role '{role}' does not exist")
        return facts

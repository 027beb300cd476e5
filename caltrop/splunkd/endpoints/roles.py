"""Roles and capabilities: `authorization/roles`, `authorization/capabilities`; both are `authorize.conf`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from caltrop.knowledge.configuration import NOBODY, SYSTEM
from caltrop.knowledge.configuration import Conflict as ConfConflict
from caltrop.splunkd.access.roles import ALWAYS, PREFIX, split
from caltrop.splunkd.rest.collection import Collection, register
from caltrop.splunkd.rest.confobjects import check_name
from caltrop.splunkd.wire.atom import Acl, Entry
from caltrop.splunkd.wire.http import ApiError, Request

LISTS = {
    "imported_roles": "importRoles",
    "srchIndexesAllowed": "srchIndexesAllowed",
    "srchIndexesDefault": "srchIndexesDefault",
    "srchIndexesDisallowed": "srchIndexesDisallowed",
    "deleteIndexesAllowed": "deleteIndexesAllowed",
    "grantable_roles": "grantableRoles",
    "federatedProviders": "federatedProviders",
}
NUMBERS = {
    "srchTimeWin": -1,
    "srchTimeEarliest": -1,
    "srchDiskQuota": 100,
    "srchJobsQuota": 3,
    "rtSrchJobsQuota": 6,
    "queuedSearchQuota": 0,
    "cumulativeSrchJobsQuota": 0,
    "cumulativeRTSrchJobsQuota": 0,
}
# Of these an entry also tells what the imported roles give.
INHERITED = (
    "queuedSearchQuota",
    "rtSrchJobsQuota",
    "srchDiskQuota",
    "srchJobsQuota",
    "srchTimeEarliest",
    "srchTimeWin",
)
PLAIN = (*NUMBERS, "srchFilter", "defaultApp")


ADMIN_ROLE = "admin"
_UNNAMEABLE = frozenset(" :;/")  # what a role's name may not hold (authorize.conf)


@register
class RolesCollection(Collection):
    path = "authorization/roles"
    title = "roles"
    noun = "role"
    optional = (*LISTS, *PLAIN, "capabilities")
    strict = True

    def feed_links(self) -> Sequence[tuple[str, str]]:
        return (("create", "_new"),)

    def entries(self, request: Request) -> Iterable[Entry]:
        """All of them for those who edit roles; others see what they hold, by inheritance too."""
        held = self.state.permissions.capabilities(request.account)
        every = not held.isdisjoint({"edit_roles", "edit_user", "change_authentication", "admin_all_objects"})
        own = self.state.roles.closure(request.account.roles)
        for name in self.state.roles.names():
            if every or name in own:
                yield self._entry(name)

    def _entry(self, name: str) -> Entry:
        roles = self.state.roles
        settings = roles.settings(name)
        imported = [r for r in roles.closure([name]) if r != name]
        content: dict[str, object] = {key: split(settings.get(conf, "")) for key, conf in LISTS.items()}
        content |= {key: _number(settings.get(key), default) for key, default in NUMBERS.items()}
        content |= {key: settings.get(key, "") for key in ("srchFilter", "defaultApp")}
        for key in INHERITED:
            content[f"imported_{key}"] = max(
                (_number(roles.settings(r).get(key), NUMBERS[key]) for r in imported), default=NUMBERS[key]
            )
        content |= {
            "capabilities": roles.own_capabilities(name),
            "imported_capabilities": sorted(roles.capabilities(imported)),
            "imported_roles": roles.imported(name),
            "imported_srchFilter": roles.filter(imported),
            "imported_srchIndexesDisallowed": roles.indexes_disallowed(imported),
            "imported_srchIndexesAllowed": roles.indexes_allowed(imported),
            "imported_srchIndexesDefault": roles.indexes_default(imported),
        }
        acl = Acl(app="", owner="system", read=("*",), write=("admin",))
        return Entry(name, self.path, content, acl)

    def create(self, request: Request, name: str) -> Entry:
        name = name.lower()
        check_name(name)
        if _UNNAMEABLE.intersection(name):
            raise ApiError(400, f"Invalid role name '{name}': no spaces, colons, semicolons or forward slashes.")
        settings = self._settings(request, name)
        try:
            self.state.config.create("authorize", PREFIX + name, settings, app=SYSTEM)
        except ConfConflict:
            raise ApiError(409, f"Unable to create role named '{name}': it already exists.") from None
        return self._entry(name)

    def update(self, request: Request, entry: Entry) -> Entry:
        settings = self._settings(request, entry.name)
        if settings:
            self.state.config.set("authorize", PREFIX + entry.name, settings, app=SYSTEM)
        return self._entry(entry.name)

    def delete(self, request: Request, entry: Entry) -> None:
        """A user whose only role goes, goes with it; others lose the role."""
        if entry.name == ADMIN_ROLE:
            raise ApiError(400, f"The role '{entry.name}' cannot be removed")
        try:
            self.state.config.remove("authorize", PREFIX + entry.name, app=SYSTEM, user=NOBODY)
        except ConfConflict as error:
            raise ApiError(400, str(error)) from None
        self.state.accounts.drop_role(entry.name)

    def _settings(self, request: Request, name: str) -> dict[str, str]:
        args, settings = request.args, {}
        for key, conf in LISTS.items():
            if key in args:
                # A list may come as repeated arguments or as one value with semicolons.
                settings[conf] = ";".join(dict.fromkeys(v for text in args.all(key) for v in split(text)))
        settings |= {key: args.get(key) for key in PLAIN if key in args}
        for role in split(settings.get("importRoles", "")):
            if role not in self.state.roles.names():
                raise ApiError(400, f"Role '{role}' does not exist")
        if "capabilities" in args:
            wanted = {c for text in args.all("capabilities") for c in split(text)}
            known = set(self.state.roles.all_capabilities())
            if not wanted <= known:
                raise ApiError(400, f"Unknown capability: {', '.join(sorted(wanted - known))}")
            settings |= dict.fromkeys(self.state.roles.own_capabilities(name), "disabled")
            settings |= dict.fromkeys(sorted(wanted), "enabled")
        return settings


def _number(text: str | None, default: int) -> int:
    try:
        return int(text or "")
    except ValueError:
        return default


@register
class Capabilities(Collection):
    path = "authorization/capabilities"
    title = "capabilities"

    def entries(self, request: Request) -> Iterable[Entry]:
        content = {"capabilities": sorted({*ALWAYS, *self.state.roles.all_capabilities()})}
        yield Entry("capabilities", self.path, content, Acl(app="", owner="system"))


@register
class GrantableCapabilities(Capabilities):
    path = "authorization/grantable_capabilities"

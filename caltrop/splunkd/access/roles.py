"""Roles and capabilities, from `authorize.conf` (stanzas `role_<name>`), with inheritance through `importRoles`."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from caltrop.dialect.words import fits, truth
from caltrop.knowledge.configuration import Configuration

PREFIX = "role_"
# Settings of a role stanza that are not capabilities.
SETTINGS = frozenset(
    {
        "importRoles",
        "srchFilter",
        "srchTimeWin",
        "srchTimeEarliest",
        "srchDiskQuota",
        "srchJobsQuota",
        "rtSrchJobsQuota",
        "srchMaxTime",
        "srchIndexesDefault",
        "srchIndexesAllowed",
        "srchIndexesDisallowed",
        "deleteIndexesAllowed",
        "cumulativeSrchJobsQuota",
        "cumulativeRTSrchJobsQuota",
        "defaultApp",
        "grantableRoles",
        "federatedProviders",
        "queuedSearchQuota",
    }
)
ALWAYS = ("change_own_password", "edit_user")


def split(text: str) -> list[str]:
    """A `;`-separated list."""
    return [part.strip() for part in text.split(";") if part.strip()]


@dataclass(frozen=True, slots=True)
class _Known:
    """What was made of one state of the configuration: the settings of roles, capabilities of sets of roles, and whether they may
    search an index."""

    revision: tuple[int, ...]
    settings: dict[str, dict[str, str]]
    capabilities: dict[tuple[str, ...], frozenset[str]]
    searches: dict[tuple[tuple[str, ...], str], bool]


class Roles:
    """What roles allow, as the configuration has it at the moment: edits show at once."""

    def __init__(self, config: Configuration) -> None:
        self._config = config
        self._known = _Known((), {}, {}, {})

    def names(self) -> list[str]:
        return [n.removeprefix(PREFIX) for n in self._config.stanzas("authorize") if n.startswith(PREFIX)]

    def _current(self) -> _Known:
        revision, known = self._config.revision(["authorize"]), self._known
        if known.revision != revision:
            known = self._known = _Known(revision, {}, {}, {})
        return known

    def settings(self, role: str) -> dict[str, str]:
        known = self._current().settings
        if role not in known:
            stanza = self._config.stanza("authorize", PREFIX + role)
            known[role] = stanza.values() if stanza else {}
        return known[role]

    def imported(self, role: str) -> list[str]:
        return split(self.settings(role).get("importRoles", ""))

    def closure(self, roles: Iterable[str]) -> list[str]:
        """The roles and all that they import, each once; cycles do no harm."""
        seen: dict[str, None] = {}
        waiting = list(roles)
        while waiting:
            role = waiting.pop(0)
            if role not in seen:
                seen[role] = None
                waiting.extend(self.imported(role))
        return list(seen)

    def own_capabilities(self, role: str) -> list[str]:
        return sorted(k for k, v in self.settings(role).items() if k not in SETTINGS and truth(v))

    def capabilities(self, roles: Iterable[str]) -> frozenset[str]:
        roles, known = tuple(roles), self._current().capabilities
        if roles not in known:
            known[roles] = frozenset(c for role in self.closure(roles) for c in self.own_capabilities(role))
        return known[roles]

    def all_capabilities(self) -> list[str]:
        return sorted({*ALWAYS, *self.capabilities(self.names())})

    def indexes_allowed(self, roles: Iterable[str]) -> list[str]:
        """Wildcard patterns of the indexes that may be searched."""
        return [p for r in self.closure(roles) for p in split(self.settings(r).get("srchIndexesAllowed", ""))]

    def indexes_default(self, roles: Iterable[str]) -> list[str]:
        return [p for r in self.closure(roles) for p in split(self.settings(r).get("srchIndexesDefault", ""))]

    def indexes_disallowed(self, roles: Iterable[str]) -> list[str]:
        """Patterns of the indexes that may not be searched, whatever else allows them."""
        return [p for r in self.closure(roles) for p in split(self.settings(r).get("srchIndexesDisallowed", ""))]

    def filter(self, roles: Iterable[str]) -> str:
        """The search that each event has to match: one of the filters of the roles and what they import; empty for any event."""
        filters = [self.settings(role).get("srchFilter", "").strip() for role in self.closure(roles)]
        written = list(dict.fromkeys(f for f in filters if f))
        if "*" in written:
            return "*"
        return " OR ".join(f"({f})" for f in written) if len(written) > 1 else "".join(written)

    def may_search(self, roles: Iterable[str], index: str) -> bool:
        """Whether one of the patterns covers the index and none forbids it; `*` does not cover internal indexes (`_…`)."""
        key, known = (tuple(roles), index), self._current().searches
        if key not in known:
            known[key] = self._may_search(*key)
        return known[key]

    def _may_search(self, roles: tuple[str, ...], index: str) -> bool:
        for pattern in self.indexes_disallowed(roles):
            if fits(pattern, index) and (pattern.startswith("_") or not index.startswith("_")):
                return False
        for pattern in self.indexes_allowed(roles):
            if index.startswith("_") and not pattern.startswith("_"):
                continue
            if fits(pattern, index):
                return True
        return False

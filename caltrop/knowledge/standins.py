"""Whose knowledge holds for an event: stand-ins step aside, kind by kind of event, for add-ons that people install.

The add-ons of this repository stand in for vendors' add-ons that are not there (app.conf: `[caltrop] stands_in = true`). Whoever
has the vendor's uses it: for a kind of event (source, sourcetype, host) that another app **covers**, nothing of the stand-ins'
props.conf holds, neither at search time nor at index time, and none of their event types and tags.

An app **reads** a kind when its `default` props.conf has stanzas that name it (`[default]` and patterns of any value name nothing),
and

* it also ships event types or tags; or
* these stanzas have at least three search-time classes (EXTRACT, REPORT, FIELDALIAS, EVAL, LOOKUP, KV_MODE, INDEXED_EXTRACTIONS).

It covers the kind when it names it as closely as each stand-in does that names it: a source more closely than a host, a host more
closely than a source type, a name more closely than a pattern (of each stand-in its broadest stanza counts). So an add-on for
`[XmlWinEventLog]` stands for every Windows log, but not for what a stand-in for Sysmon knows of one source. Such a kind has both:
fields are extracted by the other apps alone, and what they do not give an event comes from the stand-ins; their event types and
tags hold.

Content is no add-on: an app that ships searches which run by themselves or alert must do both, and one class at least must read
the event's text. What is in `local` (an extraction saved in some app) covers nothing. The system layer and `search` are nobody's
add-on.

Of kinds that no app reads, the stand-ins' settings hold beside those of other apps, which are stronger setting by setting; so they
do at index time where both hold.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import unquote

from caltrop.knowledge.asking import Fault
from caltrop.knowledge.configuration import NOBODY, SYSTEM, Configuration, MergedStanza, Setting
from caltrop.knowledge.props import Closeness, Props

SEVERAL = 3  # search-time classes of one kind: more than a content app adds to what others extract
_READS = re.compile(r"(?i)(EXTRACT-|REPORT-|KV_MODE$|INDEXED_EXTRACTIONS$)")
_CLASS = re.compile(r"(?i)(EXTRACT-|REPORT-|FIELDALIAS-|EVAL-|LOOKUP|KV_MODE$|INDEXED_EXTRACTIONS$)")
_RUNS = re.compile(r"(?i)(cron_schedule|enableSched|action\.|alert[._])")


@dataclass(frozen=True, order=True, slots=True)
class Shipped:
    """What an app ships besides props.conf that says what it is."""

    labels: bool  # event types or tags
    content: bool  # searches that run by themselves, or alert


def shipped(configuration: Configuration) -> dict[str, Shipped]:
    """The enabled apps that may cover kinds of events."""
    apps = [n for n in configuration.apps() if n not in configuration.stand_ins and n != "search"]
    return {
        name: Shipped(
            labels=bool(configuration.shipped(name, "eventtypes") or configuration.shipped(name, "tags")),
            content=any(_RUNS.match(key) for s in configuration.shipped(name, "savedsearches").values() for key in s),
        )
        for name in apps
        if configuration.enabled(name) and configuration.shipped(name, "props")
    }


def marks(configuration: Configuration, app: str, user: str) -> object:
    """What of stand-ins and of who covers them the merged configuration does not show."""
    apps = shipped(configuration)
    if not apps:
        return []
    alone = configuration.stanzas("props", app, user, of="stand-ins")
    return sorted(apps.items()), sorted((name, sorted(stanza.values().items())) for name, stanza in alone.items())


def props(configuration: Configuration, app: str | None = None, user: str = NOBODY) -> Props:
    """The props.conf of a context, in which stand-ins step aside."""
    stanzas = configuration.stanzas("props", app, user)
    ours = configuration.stand_ins
    if not ours or all(
        s.app in ours or s.app == SYSTEM for stanza in stanzas.values() for s in stanza.settings.values()
    ):
        return Props(stanzas)
    theirs = configuration.stanzas("props", app, user, of="others")
    alone = configuration.stanzas("props", app, user, of="stand-ins")
    return SharedProps(stanzas, theirs, alone, ours, shipped(configuration))


class SharedProps(Props):
    """Settings of stand-ins and of other apps."""

    def __init__(
        self,
        stanzas: Mapping[str, MergedStanza],
        theirs: Mapping[str, MergedStanza],
        alone: Mapping[str, MergedStanza],
        ours: frozenset[str],
        apps: Mapping[str, Shipped],
    ) -> None:
        """`stanzas` are those of all apps, `theirs` those without the stand-ins (`ours`), `alone` those of stand-ins only."""
        super().__init__(stanzas)
        self._theirs = Props(theirs)
        self._alone = Props(alone)
        self._ours = ours
        self._apps = apps
        self._shared: dict[tuple[str, str, str], dict[str, Setting]] = {}
        self._readers: dict[tuple[str, str, str], Readers] = {}

    def settings(self, source: str, sourcetype: str, host: str) -> dict[str, Setting]:
        kind = (source, sourcetype, host)
        if kind not in self._shared:
            theirs = self._theirs.settings(*kind)
            if self.covered(*kind) is None:
                weak = (*self._ours, SYSTEM)
                theirs = super().settings(*kind) | {key: s for key, s in theirs.items() if s.app not in weak}
            self._shared[kind] = theirs
        return self._shared[kind]

    @property
    def faults(self) -> list[Fault]:
        return list(dict.fromkeys([*super().faults, *self._theirs.faults]))

    def covered(self, source: str, sourcetype: str, host: str) -> str | None:
        """The app that covers a kind of event (the first by name), or None."""
        return self._reading((source, sourcetype, host)).covering

    def readings(self, source: str, sourcetype: str, host: str) -> tuple[dict[str, Setting], ...]:
        kind = (source, sourcetype, host)
        if self._reading(kind).beside:
            return self._theirs.settings(*kind), self._alone.settings(*kind)
        return (self.settings(*kind),)

    def _reading(self, kind: tuple[str, str, str]) -> Readers:
        if kind not in self._readers:
            self._readers[kind] = self._found(*kind)
        return self._readers[kind]

    def asides(self) -> set[tuple[str, str, str]]:
        """(stand-in, the app that it stepped aside for, source type) of the kinds of events asked for so far."""
        return {
            (ours, app, kind[1])
            for kind, readers in self._readers.items()
            if (app := readers.covering) is not None
            for stanza, _ in self.naming(*kind)
            for ours in {setting.app for setting in stanza.settings.values()} & self._ours
        }

    def _found(self, source: str, sourcetype: str, host: str) -> Readers:
        keys: dict[str, set[str]] = {}
        closest: dict[str, Closeness] = {}
        for stanza, closeness in self._theirs.naming(source, sourcetype, host):
            for key, setting in stanza.settings.items():
                if setting.app in self._apps and setting.path.parent.name == "default":
                    keys.setdefault(setting.app, set()).add(key)
                    closest[setting.app] = max(closest.get(setting.app, closeness), closeness)
        readers = [app for app in sorted(keys) if _reads(self._apps[app], keys[app])]
        broadest: dict[str, Closeness] = {}
        for stanza, closeness in self._alone.naming(source, sourcetype, host):
            for ours in {setting.app for setting in stanza.settings.values()} & self._ours:
                broadest[ours] = min(broadest.get(ours, closeness), closeness)
        covering = next((app for app in readers if all(closest[app] >= own for own in broadest.values())), None)
        return Readers(covering, beside=bool(readers) and covering is None)


@dataclass(frozen=True, slots=True)
class Readers:
    """Who else reads a kind of event: the app that covers it, or some `beside` the stand-ins."""

    covering: str | None
    beside: bool


def _reads(app: Shipped, keys: set[str]) -> bool:
    several = sum(bool(_CLASS.match(key)) for key in keys) >= SEVERAL
    if app.content:
        return app.labels and several and any(_READS.match(key) for key in keys)
    return app.labels or several


def eventtypes(stanzas: Mapping[str, MergedStanza], ours: frozenset[str]) -> frozenset[str]:
    """The event types whose search is a stand-in's."""
    return frozenset(
        name
        for name, stanza in stanzas.items()
        if "search" in stanza.settings and stanza.settings["search"].app in ours
    )


def tags(
    stanzas: Mapping[str, MergedStanza], types: Mapping[str, MergedStanza], ours: frozenset[str]
) -> Mapping[str, MergedStanza]:
    """Without the tags that stand-ins give to event types of other apps."""
    if not ours:
        return stanzas
    own = eventtypes(types, ours)
    found: dict[str, MergedStanza] = {}
    for name, stanza in stanzas.items():
        field, _, value = name.partition("=")
        value = unquote(value.strip())
        if field.strip() == "eventtype" and value in types and value not in own:
            kept = {key: setting for key, setting in stanza.settings.items() if setting.app not in ours}
            stanza = replace(stanza, settings=kept)
        found[name] = stanza
    return found


def tagged(stanzas: Mapping[str, MergedStanza], ours: frozenset[str]) -> frozenset[tuple[str, str, str]]:
    """(field, value, tag) that stand-ins give."""
    return frozenset(
        (field.strip(), unquote(value.strip()), tag)
        for name, stanza in stanzas.items()
        for field, _, value in [name.partition("=")]
        for tag, setting in stanza.settings.items()
        if setting.app in ours
    )

"""The detections of an app as a target has them, and which of them a command line means."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from splunklib.binding import HTTPError

from caltrop.content.spltext import macro_calls
from caltrop.dialect.words import did_you_mean, truth
from caltrop.errors import CaltropError
from caltrop.replay.remote import RemoteTarget, User, reason
from caltrop.replay.target import TargetError

FILTER = "_filter"
_KIND, _METADATA = "action.escu.search_type", "action.correlationsearch.metadata"
# What render/summary_risk.py writes of each risk object.
_RISK = re.compile(r"""json_object\("risk_object", '([^']+)', "risk_object_type", "[^"]*", "risk_score", (\d+)\)""")


@dataclass(frozen=True, slots=True)
class Installed:
    """A detection of an app, or what an app schedules beside them. `search` is its saved search's name, `name` its own; `settings` are the saved search's, as texts;
    `writable` is what the target says of this user, True where it says nothing."""

    app: str
    search: str
    name: str
    id: str
    settings: Mapping[str, str]
    writable: bool = True

    @property
    def enabled(self) -> bool:
        return not truth(self.settings.get("disabled"))

    @property
    def scheduled(self) -> bool:
        return truth(self.settings.get("is_scheduled")) and bool(self.cron)

    @property
    def cron(self) -> str:
        return self.settings.get("cron_schedule", "").strip()

    @property
    def next_run(self) -> str:
        """When it runs next, as the target writes it; "" where it does not run."""
        return self.settings.get("next_scheduled_time", "").strip() if self.enabled and self.scheduled else ""

    @property
    def spl(self) -> str:
        return self.settings.get("search", "")

    @property
    def filter_macro(self) -> str:
        """The macro that its search is tuned by: the last call of one whose name says so; "" where there is none."""
        calls = [call.name for call in macro_calls(self.spl) if call.name.endswith(FILTER) and not call.arity]
        return calls[-1] if calls else ""

    @property
    def annotations(self) -> Mapping[str, Any]:
        for action in ("correlationsearch", "summary_index"):
            found = _json(self.settings.get(f"action.{action}.annotations", ""))
            if isinstance(found, dict):
                return found
        return {}

    @property
    def detects(self) -> bool:
        """Whether it is a detection, as its keys say."""
        return self.settings.get(_KIND) == "detection" or isinstance(_json(self.settings.get(_METADATA, "")), dict)

    @property
    def type(self) -> str:
        """The detection's type; "Baseline", and "" for what is neither."""
        return str(self.annotations.get("type") or ("Baseline" if self.settings.get(_KIND) == "support" else ""))

    @property
    def stories(self) -> tuple[str, ...]:
        return _texts(_json(self.settings.get("action.escu.analytic_story", "")))

    @property
    def techniques(self) -> tuple[str, ...]:
        found = _json(self.settings.get("action.escu.mappings", ""))
        return _texts(found.get("mitre_attack")) if isinstance(found, dict) else ()

    @property
    def risk(self) -> tuple[Mapping[str, Any], ...]:
        """Risk objects with their scores: as Enterprise Security's actions have them (those of a finding, from 8 on, and those of the
        risk action), else as the search itself makes risk events."""
        parts = [self.settings.get(key, "") for key in ("action.notable.param._entities", "action.risk.param._risk")]
        listed = [one for found in map(_json, parts) if isinstance(found, list) for one in found]
        scored = tuple(one for one in listed if isinstance(one, dict) and "risk_object_field" in one)
        return scored or tuple(
            {"risk_object_field": field, "risk_score": int(points)} for field, points in _RISK.findall(self.spl)
        )

    @property
    def names(self) -> tuple[str, ...]:
        """What people call it: its name, its saved search, its id, its file."""
        stem = self.filter_macro.removesuffix(FILTER)
        return tuple(name for name in (self.name, self.search, self.id, stem) if name)


def detections(target: RemoteTarget, app: str | None) -> list[Installed]:
    """The detections of an app by name; without an app those of the only one that has some. Raises TargetError for an app that is
    not there, has no detections, or is not the only one."""
    if app is not None and not target.has_app(app):
        raise TargetError(
            f"{target.url} has no app {app!r}", hint="install it (caltrop install), or name another with --app-id"
        )
    found = _listed(target, app or "-")
    if app is not None:
        found = [one for one in found if one.app == app]
        if not found:
            raise TargetError(
                f"the app {app!r} on {target.url} has no detections that this user may see",
                hint="is it built by caltrop, and may this user read it?",
            )
    apps = sorted({one.app for one in found})
    if not apps:
        raise TargetError(
            f"no app on {target.url} has detections", hint="install one: caltrop install PACKAGE --target URL"
        )
    if len(apps) > 1:
        raise TargetError(
            f"several apps on {target.url} have detections: {', '.join(apps)}", hint="name one with --app-id"
        )
    return sorted(found, key=lambda one: one.name.casefold())


def _listed(target: RemoteTarget, app: str) -> list[Installed]:
    """Detections, and what an app has beside them to be scheduled: baselines, and searches that are tuned by a filter macro as they
    are (the risk threshold). What a site has made itself in the app is not the app's."""
    try:
        reply = target.service.get(
            "saved/searches", owner="nobody", app=app, sharing="app", count=0, output_mode="json",
            listDefaultActionArgs="false",
        )  # fmt: skip
    except HTTPError as error:
        raise TargetError(f"{target.url} does not list its saved searches: {reason(error)}") from error
    every = [_read(entry, app) for entry in json.loads(reply.body.read())["entry"]]
    prefixes = {(one.app, one.search.partition(" - ")[0]) for one in every if one.detects}
    apps = {one.app for one in every if one.detects}

    def belongs(one: Installed) -> bool:
        if one.detects or (one.app in apps and one.settings.get(_KIND) == "support"):
            return True
        return bool(one.filter_macro) and (one.app, one.search.partition(" - ")[0]) in prefixes

    return [one for one in every if belongs(one)]


def _read(entry: Mapping[str, Any], app: str) -> Installed:
    content, acl = entry["content"], entry.get("acl") or {}
    metadata = _json(str(content.get(_METADATA) or ""))
    return Installed(
        app=str(acl.get("app") or app),
        search=entry["name"],
        name=_own_name(entry["name"]),
        id=str(metadata.get("detection_id") or "") if isinstance(metadata, dict) else "",
        settings={key: _text(value) for key, value in content.items() if value is not None},
        writable=truth(_text(acl.get("can_write", True)), True),
    )


def chosen(
    known: Sequence[Installed], names: Sequence[str], stories: Sequence[str], *, everything: bool = False
) -> list[Installed]:
    """Those that are meant, in the order of `known`, each once. A name is a detection's name, saved search, id or file. Raises
    CaltropError with the nearest name for one that is none."""
    if everything:
        return list(known)
    meant: set[str] = set()
    for name in names:
        meant.add(_named(known, name).search)
    for story in stories:
        every = sorted({s for one in known for s in one.stories})
        told = [one.search for one in known if story.casefold() in (s.casefold() for s in one.stories)]
        if not told:
            raise CaltropError(
                f"no detection of the app tells the story {story!r}",
                hint=did_you_mean(story, every) or f"there are: {', '.join(every) or 'none'}",
            )
        meant.update(told)
    return [one for one in known if one.search in meant]


def _named(known: Sequence[Installed], name: str) -> Installed:
    asked = PurePath(name).stem if name.endswith((".yml", ".yaml")) else name
    for same in (lambda text: text == asked, lambda text: text.casefold() == asked.casefold()):
        found = [one for one in known if any(map(same, one.names))]
        if len(found) == 1:
            return found[0]
        if found:
            listed = ", ".join(repr(one.search) for one in found)
            raise CaltropError(
                f"{name!r} is the name of several detections: {listed}", hint="give the saved search's name"
            )
    app = known[0].app if known else ""
    every = [text for one in known for text in one.names]
    raise CaltropError(
        f"the app {app!r} has no detection {name!r}", hint=did_you_mean(asked, every) or "caltrop status lists them"
    )


def may(user: User, detections: Collection[Installed], *capabilities: str) -> None:
    """Raises TargetError where the target says already that this user may not change them."""
    missing = [name for name in capabilities if name not in user.capabilities]
    refused = [one.search for one in detections if not one.writable]
    if not missing and not refused:
        return
    why = f"lacks the capability {', '.join(missing)}" if missing else f"may not write {refused[0]!r}"
    raise TargetError(f"{user.name} {why}: nothing was changed", hint=needs(user))


def needs(user: User) -> str:
    """What a user needs to run and tune detections."""
    return (
        f"it takes the capability schedule_search and write access to the app (its default.meta gives it to admin, sc_admin and "
        f"power); this user's roles: {', '.join(user.roles) or 'none'}"
    )


def _own_name(search: str) -> str:
    """`Name` of `Prefix - Name - Rule`, or of `Prefix - Name`."""
    about = search.removesuffix(" - Rule")
    return about.partition(" - ")[2] or about


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _text(value: object) -> str:
    return ("1" if value else "0") if isinstance(value, bool) else str(value)


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()

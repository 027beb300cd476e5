"""Release notes for people: what detections are new, what changed in them and in what they rest on, what is gone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from caltrop.content.attack import techniques
from caltrop.render.changes import Change, Changes, Rule, changes, rules_of

# What a setting is about, by the beginning of its name; the first that fits.
_ABOUT = (
    ("search", "the search"),
    ("cron_schedule", "the schedule"),
    ("dispatch.", "the schedule"),
    ("schedule_window", "the schedule"),
    ("alert.suppress", "throttling"),
    ("action.risk", "risk"),
    ("action.notable", "the finding"),
    ("action.correlationsearch.annotations", "ATT&CK and other annotations"),
    ("action.escu.data_models", "data"),
    ("description", "texts"),
    ("action.escu", "texts"),
    ("disabled", "whether it is on"),
)
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")


def notes(old: Path, new: Path, title: str) -> Iterator[str]:
    """Markdown, from an older to a newer build (app folders or packages). Raises `CaltropError` for what is none."""
    found = changes(old, new)
    before, after = rules_of(old), rules_of(new)
    yield f"# {title}"
    yield ""
    yield _in_short(found)
    if found.new:
        yield from ["", "## New detections", ""]
        for name in found.new:
            yield from _new(after[name])
    if found.changed:
        yield from ["", "## Changed detections", ""]
        for change in found.changed:
            yield from _changed(change, before, after)
    if found.removed:
        yield from ["", "## Removed detections", ""]
        for name in found.removed:
            yield f"- **{_plain(name)}**: no longer in the app; a local copy of its settings stays on your search head, without effect."
    for kind, (added, altered, removed) in found.others.items():
        yield from ["", f"## {kind.capitalize()}", ""]
        for word, names in (("New", added), ("Changed", altered), ("Removed", removed)):
            if names:
                yield f"- {word}: {', '.join(f'`{name}`' for name in names)}"
    if any("search" in change.keys for change in found.changed):
        yield from [
            "",
            "Filter macros that you tuned keep your definition: look at those of detections whose search changed.",
        ]


def _in_short(found: Changes) -> str:
    counts = [
        f"{len(names)} {word}"
        for names, word in ((found.new, "new"), (found.changed, "changed"), (found.removed, "removed"))
        if names
    ]
    return f"{', '.join(counts)} detections." if counts else "No detection is new, changed or removed."


def _new(rule: Rule) -> Iterator[str]:
    """Name, what it is about, ATT&CK."""
    yield f"- **{_plain(rule.name)}**{_attack(rule)}"
    about = _first_sentence(rule.keys.get("description", ""))
    if about:
        yield f"  {about}"


def _changed(change: Change, before: Mapping[str, Rule], after: Mapping[str, Rule]) -> Iterator[str]:
    """What somebody who runs it would notice, and how the search differs."""
    about = list(dict.fromkeys(_about(key) for key in change.keys))
    renamed = f" (was {_plain(change.renamed_from)})" if change.renamed_from else ""
    yield f"- **{_plain(change.name)}**{renamed}, version {change.new_version}: {', '.join(about) or 'its version alone'}"
    scores = _score(before.get(change.renamed_from or change.name)), _score(after.get(change.name))
    if scores[0] != scores[1] and None not in scores:
        yield f"  The highest risk score is {scores[1]}, was {scores[0]}."
    if change.diff:
        yield from ["", "  ```diff", *(f"  {line}" for line in change.diff), "  ```", ""]


def _about(key: str) -> str:
    return next((about for start, about in _ABOUT if key.startswith(start)), "settings")


def _attack(rule: Rule) -> str:
    found = rule.annotations.get("mitre_attack", [])
    known = techniques()
    named = [f"{i} {known[i].name}" if i in known else str(i) for i in found] if isinstance(found, list) else []
    return f" ({', '.join(named)})" if named else ""


def _score(rule: Rule | None) -> int | None:
    try:
        given = json.loads(rule.keys.get("action.risk.param._risk", "")) if rule else None
        scores = [int(item["risk_score"]) for item in given if "risk_score" in item] if isinstance(given, list) else []
    except (ValueError, TypeError):
        return None
    return max(scores, default=None)


def _first_sentence(text: str) -> str:
    return _plain(_SENTENCE.split(" ".join(text.split()), maxsplit=1)[0])


def _plain(text: str) -> str:
    """As text, whatever Markdown would make of it."""
    return re.sub(r"([\\`*_<>\[\]])", r"\\\1", text)

"""What changed between two builds: detections new, changed and removed, with the search as a diff.

A build is an app folder or a package. Detections are told by the id in their metadata, else by their search's name.
"""

from __future__ import annotations

import difflib
import json
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from caltrop.content.spltext import macro_calls
from caltrop.dialect.conf import parse
from caltrop.errors import CaltropError, Location
from caltrop.render.compare import same

_CONFS = ("savedsearches.conf", "macros.conf", "transforms.conf", "analyticstories.conf")
_MAX_CONF = 256 << 20
# Keys that change with a version and say nothing by themselves.
_STAMPS = {"action.correlationsearch.metadata", "action.escu.modification_date", "action.escu.creation_date"}


@dataclass(slots=True)
class Change:
    """One detection that is in both builds and differs: which keys, and the search's diff (empty when it is the same)."""

    name: str
    old_version: int
    new_version: int
    keys: list[str]
    diff: list[str]
    renamed_from: str = ""

    @property
    def bumped(self) -> bool:
        return self.new_version > self.old_version


@dataclass(frozen=True, slots=True)
class Orphan:
    """Local stanzas that an upgrade leaves behind, of a detection that was removed or renamed: its saved search's in
    savedsearches.conf, its filter macro's in macros.conf; each with what has its place now, "" where nothing has. A stanza that
    the new build still has is not named."""

    search: str = ""
    new_search: str = ""
    macro: str = ""
    new_macro: str = ""


@dataclass(slots=True)
class Changes:
    new: list[str] = field(default_factory=list)
    changed: list[Change] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    others: dict[str, tuple[list[str], list[str], list[str]]] = field(
        default_factory=dict
    )  # kind: new, changed, removed
    orphans: list[Orphan] = field(default_factory=list)

    @property
    def not_bumped(self) -> list[Change]:
        return [change for change in self.changed if not change.bumped]


@dataclass(frozen=True, slots=True)
class Rule:
    """A detection's saved search."""

    name: str
    version: int
    keys: dict[str, str]

    @property
    def filter_macro(self) -> str:
        """The macro that it is tuned by, "" where its search calls none."""
        calls = [call.name for call in macro_calls(self.keys.get("search", "")) if call.name.endswith("_filter")]
        return calls[-1] if calls else ""

    @property
    def annotations(self) -> dict[str, object]:
        return _json(self.keys.get("action.correlationsearch.annotations", ""))


def rules_of(build: Path) -> dict[str, Rule]:
    """The detections of a build by the name of their search."""
    return {rule.name: rule for rule in _rules(_confs(build)).values()}


def changes(old: Path, new: Path) -> Changes:
    before, after = _confs(old), _confs(new)
    rules_before, rules_after = _rules(before), _rules(after)
    out = Changes()
    for id_, rule in sorted(rules_after.items(), key=lambda item: item[1].name):
        previous = rules_before.get(id_)
        if previous is None:
            out.new.append(rule.name)
            continue
        change = _change(previous, rule)
        if change:
            out.changed.append(change)
    out.removed = sorted(rule.name for id_, rule in rules_before.items() if id_ not in rules_after)
    out.orphans = _orphans(rules_before, rules_after)
    for kind, conf in (("macros", "macros.conf"), ("lookups", "transforms.conf"), ("stories", "analyticstories.conf")):
        a, b = _named(before, conf, kind), _named(after, conf, kind)
        altered = sorted(n for n in a.keys() & b.keys() if not _same(a[n], b[n]))
        lists = (sorted(b.keys() - a.keys()), altered, sorted(a.keys() - b.keys()))
        if any(lists):
            out.others[kind] = lists
    return out


def _orphans(before: dict[str, Rule], after: dict[str, Rule]) -> list[Orphan]:
    searches = {rule.name for rule in after.values()}
    macros = {rule.filter_macro for rule in after.values()}
    out = []
    for id_, old in sorted(before.items(), key=lambda item: item[1].name):
        new = after.get(id_)
        search = old.name if old.name not in searches else ""
        macro = old.filter_macro if old.filter_macro not in macros else ""
        if search or macro:
            new_search, new_macro = (new.name, new.filter_macro) if new else ("", "")
            out.append(Orphan(search, new_search if search else "", macro, new_macro if macro else ""))
    return out


def _same(a: dict[str, str], b: dict[str, str]) -> bool:
    return all(same(a.get(key, ""), b.get(key, "")) for key in a.keys() | b.keys())


def _change(old: Rule, new: Rule) -> Change | None:
    keys = sorted(
        key
        for key in old.keys.keys() | new.keys.keys()
        if key not in _STAMPS and not same(old.keys.get(key, ""), new.keys.get(key, ""))
    )
    if not keys and old.version == new.version and old.name == new.name:
        return None
    diff: list[str] = []
    if "search" in keys:
        lines = difflib.unified_diff(_lines(old), _lines(new), lineterm="", n=1)
        diff = [line for line in lines if not line.startswith(("---", "+++"))]
    return Change(new.name, old.version, new.version, keys, diff, old.name if old.name != new.name else "")


def _lines(rule: Rule) -> list[str]:
    """The search with one stage a line. (Pipes inside quotes make a line too: it is only to be read.)"""
    return [
        part.strip()
        for part in rule.keys.get("search", "").replace("\n", " ").replace("|", "\n|").split("\n")
        if part.strip()
    ]


def _rules(confs: dict[str, dict[str, dict[str, str]]]) -> dict[str, Rule]:
    out = {}
    for name, keys in confs["savedsearches.conf"].items():
        if "action.correlationsearch.metadata" in keys or keys.get("action.escu.search_type") == "detection":
            metadata = _json(keys.get("action.correlationsearch.metadata", ""))
            id_ = str(metadata.get("detection_id") or name)
            version = str(metadata.get("detection_version", ""))
            out[id_] = Rule(name, int(version) if version.isdigit() else 0, keys)
    return out


def _json(value: str) -> dict[str, object]:
    try:
        found = json.loads(value)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def _named(confs: dict[str, dict[str, dict[str, str]]], conf: str, kind: str) -> dict[str, dict[str, str]]:
    if kind == "stories":
        prefix = "analytic_story://"
        return {n.removeprefix(prefix): v for n, v in confs[conf].items() if n.startswith(prefix)}
    return {n: v for n, v in confs[conf].items() if not (kind == "macros" and n.endswith("_filter"))}


def _confs(path: Path) -> dict[str, dict[str, dict[str, str]]]:
    """The configuration files that matter, from an app folder or a package."""
    if path.is_dir():
        found = {name: path / "default" / name for name in _CONFS}
        texts = {name: p.read_text(encoding="utf-8") for name, p in found.items() if p.is_file()}
    elif path.is_file():
        texts = _packed(path)
    else:
        raise CaltropError(
            "no such build", location=Location(str(path)), hint="give an app folder or a .tar.gz package"
        )
    return {name: parse(texts.get(name, ""), name).settings() for name in _CONFS}


def _packed(path: Path) -> dict[str, str]:
    out = {}
    try:
        with tarfile.open(path) as tar:
            for member in tar:
                parts = member.name.split("/")
                if member.isfile() and len(parts) == 3 and parts[1] == "default" and parts[2] in _CONFS:
                    if member.size > _MAX_CONF:
                        raise CaltropError(f"{member.name} is too large", location=Location(str(path)))
                    stream = tar.extractfile(member)
                    out[parts[2]] = stream.read().decode("utf-8", "replace") if stream else ""
    except (tarfile.TarError, OSError, EOFError) as error:
        raise CaltropError(
            f"not a package: {str(error).partition(chr(10))[0]}",
            location=Location(str(path)),
            hint="give a .tar.gz package",
        ) from error
    return out


_LEFT = (
    "An upgrade keeps what a site has set in the app's `local` folder. These stanzas then set something that the new build has no",
    "longer: a saved search without a search, a macro that nobody calls. Where the detection was renamed, its new name begins",
    "disabled, with the schedule and the empty filter of the package:",
)


def report(found: Changes) -> Iterator[str]:
    """A changelog in Markdown."""
    yield f"# {len(found.new)} new, {len(found.changed)} changed, {len(found.removed)} removed"
    if found.new:
        yield from ["", "## New", "", *(f"- {name}" for name in found.new)]
    if found.changed:
        yield from ["", "## Changed", ""]
        for change in found.changed:
            versions = (
                f"version {change.old_version} -> {change.new_version}"
                if change.bumped
                else f"version {change.new_version}, **not bumped**"
            )
            renamed = f" (was {change.renamed_from})" if change.renamed_from else ""
            yield f"- {change.name}{renamed}: {versions}; {', '.join(change.keys) or 'stamps only'}"
            if change.diff:
                yield from ["", "  ```diff", *(f"  {line}" for line in change.diff), "  ```", ""]
    if found.removed:
        yield from ["", "## Removed", "", *(f"- {name}" for name in found.removed)]
    for kind, (new, changed, removed) in found.others.items():
        yield from ["", f"## {kind.capitalize()}", ""]
        for word, names in (("new", new), ("changed", changed), ("removed", removed)):
            if names:
                yield f"- {word}: {', '.join(names)}"
    if found.orphans:
        yield from ["", "## Local settings that stay behind", "", *_LEFT, ""]
        for one in found.orphans:
            if one.search:
                yield f"- savedsearches.conf `[{one.search}]`: " + (
                    f"set `[{one.new_search}]` as it was, then delete it" if one.new_search else "delete it"
                )
            if one.macro:
                yield f"- macros.conf `[{one.macro}]`: " + (
                    f"copy its definition to `{one.new_macro}`, then delete it" if one.new_macro else "delete it"
                )
    if found.not_bumped:
        yield from ["", "## Version not bumped", "", *(f"- {change.name}" for change in found.not_bumped)]

"""Sigma files into a content repository."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.exceptions import SigmaError, SigmaRuleLocation

from caltrop.content.model import Catalogue, snake
from caltrop.content.new import create
from caltrop.errors import CaltropError, Location
from caltrop.sigma.convert import Form, Refused, convert
from caltrop.sigma.samples import samples, write


@dataclass(slots=True)
class Written:
    """A rule's detection: its name, the files (its own first) and what its author should know."""

    name: str
    title: str
    files: list[Path] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


def load(path: Path) -> tuple[SigmaCollection, list[Refused]]:
    """All rules of a file or folder, with what could not be read. Raises `CaltropError` where there is no rule."""
    files = (
        sorted(p for p in path.rglob("*") if p.suffix in (".yml", ".yaml") and p.is_file()) if path.is_dir() else [path]
    )
    refused: list[Refused] = []
    read: list[SigmaCollection] = []
    for file in files:
        try:
            documents = [_spelled(d) for d in yaml.safe_load_all(file.read_text(encoding="utf-8")) if d is not None]
        except (yaml.YAMLError, UnicodeError) as error:
            refused.append(Refused(file.name, str(file), f"not YAML: {' '.join(str(error).split())}"))
            continue
        if not all(isinstance(d, dict) for d in documents) or not any(
            key in d for d in documents for key in ("detection", "correlation", "filter", "action")
        ):
            if not path.is_dir():
                raise CaltropError("this is no Sigma rule", location=Location(str(file)), hint="it has no 'detection:'")
            continue  # other YAML files lie beside rules: info.yml of tests, workflows
        try:
            read.append(
                SigmaCollection.from_dicts(
                    documents, True, SigmaRuleLocation(file), collect_filters=True, resolve_references=False
                )
            )
        except (
            SigmaError,
            AttributeError,
            TypeError,
            ValueError,
            KeyError,
        ) as error:  # the parser trips over odd documents
            refused.append(Refused(str(documents[0].get("title", file.name)), str(file), " ".join(str(error).split())))
    if not read and not refused:
        raise CaltropError(
            "there is no Sigma rule here", location=Location(str(path)), hint="name a rule, or a folder of them"
        )
    return _together(read, refused), refused


def _spelled(value: Any) -> Any:
    """Modifiers by the name that pySigma knows: the specification has two for one of them."""
    if isinstance(value, dict):
        return {
            key.replace("|utf16le", "|wide") if isinstance(key, str) else key: _spelled(item)
            for key, item in value.items()
        }
    return [_spelled(item) for item in value] if isinstance(value, list) else value


def _together(read: list[SigmaCollection], refused: list[Refused]) -> SigmaCollection:
    """One collection; a correlation whose rules are missing is named and left out."""
    merged = SigmaCollection.merge(read, resolve_references=False)
    while True:
        try:
            merged.resolve_rule_references()
            return merged
        except SigmaError as error:
            broken = _broken(merged)
            if broken is None:
                raise CaltropError(f"the rules do not fit together: {error}") from error
            rule, why = broken
            refused.append(Refused(str(rule.title), str(rule.source.path) if rule.source else "", why))
            merged = SigmaCollection(
                [r for r in merged.rules if r is not rule] + merged.filters, resolve_references=False
            )


def _broken(collection: SigmaCollection) -> tuple[Any, str] | None:
    for rule in collection.rules:
        for reference in getattr(rule, "rules", ()):
            try:
                collection[reference.reference]
            except (SigmaError, KeyError):
                return rule, f"the rule {reference.reference!r} that it is about is not here"
    return None


def bring_in(root: Path, path: Path, catalogue: Catalogue, form: Form, author: str = "") -> Iterator[Written | Refused]:
    """Make detections of all rules at `path`; one that is there already is refused like one that cannot be converted."""
    collection, refused = load(path)
    yield from refused
    for one in convert(collection, form):
        if isinstance(one, Refused):
            yield one
            continue
        stem = snake(one.answers.name)
        said = list(one.said)
        files: dict[str, bytes | Path] = {}
        if one.place is not None:
            own = samples(one.rule, one.place, stem)
            one.answers.tests, files = own.tests, own.files
            said += own.said
        try:
            written = create(root, one.answers, catalogue)
        except CaltropError as error:
            yield Refused(one.answers.name, str(one.rule.source.path) if one.rule.source else "", str(error))
            continue
        yield Written(one.answers.name, str(one.rule.title), [*written, *write(root, files)], said)

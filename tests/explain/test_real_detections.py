"""Published detections that hit in captures of attacks, with one condition broken: how often does the first finding name it?"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import pytest

from caltrop.content import load
from caltrop.corpus.run import as_command, instance_of
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError
from caltrop.explained import explained
from caltrop.knowledge import app_folders
from caltrop.spl import unparse
from caltrop.spl.ast import Binary, Command, Comparison, FieldName, Keyword, Literal, Node, Pipeline, Word

pytestmark = [pytest.mark.slow, pytest.mark.shared]

DETECTIONS = 30
EACH = 3  # broken conditions of a detection
CAPTURES = 14
LEAST = 0.9  # of them that the first finding names


@dataclass(frozen=True)
class Mutant:
    stage: int
    old: Node
    new: Node
    named: str


def misspelt(text: str, rng: random.Random) -> str:
    """With one letter or digit left out, doubled or exchanged."""
    places = [i for i, letter in enumerate(text) if letter.isalnum()]
    if len(places) < 2:
        return f"{text}7"
    at = rng.choice(places[1:])
    letter, kind = text[at], rng.choice(("out", "doubled", "other"))
    if kind == "out" and len(places) > 3:
        return text[:at] + text[at + 1 :]
    if kind == "doubled":
        return text[:at] + letter + text[at:]
    other = str((int(letter) + 3) % 10) if letter.isdigit() else ("q" if letter != "q" else "z")
    return text[:at] + other + text[at + 1 :]


def replaced(node: Any, old: Node, new: Node) -> Any:
    """The tree with one node (by identity) exchanged."""
    if node is old:
        return new
    if isinstance(node, tuple):
        return tuple(replaced(item, old, new) for item in node)
    if not isinstance(node, Node):
        return node
    changed = {spec.name: replaced(getattr(node, spec.name), old, new) for spec in fields(node)}
    return replace(node, **changed)


def mutants(pipeline: Pipeline, rng: random.Random) -> Iterator[Mutant]:
    """Values, names of fields and words of the text of `search`, `where` and `tstats`, each broken."""
    for stage, command in enumerate(pipeline.commands):
        if not isinstance(command, Command) or command.name not in ("search", "where", "tstats"):
            continue
        for node in command.walk():
            if isinstance(node, Comparison) and isinstance(node.value, Word) and node.op == "=":
                if node.field.name in ("earliest", "latest") or not node.value.text.strip("*"):
                    continue
                new = replace(node, value=replace(node.value, text=misspelt(node.value.text, rng)))
                yield Mutant(stage, node, new, unparse(new)[:70])
                dataset, dot, name = node.field.name.rpartition(".")
                if name not in ("index", "source", "sourcetype"):
                    wrong = f"{dataset}{dot}{misspelt(name, rng)}"
                    yield Mutant(stage, node, replace(node, field=FieldName(wrong)), f"`{wrong}`")
            elif isinstance(node, Binary) and node.op == "==" and isinstance(node.right, Literal):
                if isinstance(node.left, FieldName) and isinstance(node.right.value, str) and node.right.value:
                    new_binary = replace(node, right=Literal(misspelt(node.right.value, rng)))
                    yield Mutant(stage, node, new_binary, unparse(new_binary)[:70])
            elif isinstance(node, Keyword) and node.text.strip("*"):
                new_word = replace(node, text=misspelt(node.text, rng))
                yield Mutant(stage, node, new_word, unparse(new_word)[:70])


def tried(instance: Instance, app: str, search: str, rng: random.Random) -> list[tuple[bool, str, str]]:
    """(named in the first finding, what was broken, what the first finding says) for some conditions of a search that hits."""
    try:
        result = instance.search(as_command(search), app=app)
    except CaltropError:
        return []
    if not len(result.table):
        return []
    chosen = list(mutants(result.reading.pipeline, rng))
    rng.shuffle(chosen)
    found: list[tuple[bool, str, str]] = []
    for mutant in chosen:
        if len(found) == EACH:
            break
        try:
            broken = instance.search(unparse(replaced(result.reading.pipeline, mutant.old, mutant.new)), app=app)
        except CaltropError:
            continue
        if not len(broken.table):
            findings = explained(instance, broken, app=app).findings
            first = f"{findings[0].text} {findings[0].term}" if findings else ""
            found.append((mutant.named in first, mutant.named, first))
    return found


def test_the_first_finding_names_the_cause(shared: Path) -> None:
    catalogue = load(shared / "corpus" / "escu", checks=False)
    captures = [str(path) for path in sorted((shared / "datasets" / "otrf").glob("*.zip"))][:CAPTURES]
    rng = random.Random(7)
    outcomes: list[tuple[bool, str, str]] = []
    with app_folders([], addons=True) as folders, instance_of(catalogue, captures, folders) as (instance, _):
        hitting = 0
        for detection in catalogue.detections:
            if detection.status == "production" and hitting < DETECTIONS:
                found = tried(instance, catalogue.config.id, detection.search, rng)
                outcomes += found
                hitting += bool(found)
    named = sum(right for right, _, _ in outcomes)
    missed = "\n".join(f"{what}\n    {said}" for right, what, said in outcomes if not right)
    assert len(outcomes) > 50 and named / len(outcomes) >= LEAST, f"{named} of {len(outcomes)}:\n{missed}"

"""Problems as text, JSON, SARIF 2.1.0, GitHub workflow commands, and counted by rule.

Text and JSON name files as the catalogue does, relative to the content. What lands on a forge names them relative to the git
repository that the content lies in, wherever that is.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from textwrap import indent
from urllib.parse import quote

import msgspec

from caltrop import __version__
from caltrop.content.problems import Problem
from caltrop.content.rules import RULES
from caltrop.dialect.places import underlined


def text(problems: Sequence[Problem], root: Path) -> Iterator[str]:
    """Each problem with its hint; errors with the line they are on."""

    @cache
    def lines(file: str) -> list[str]:
        try:
            return (root / file).read_text(encoding="utf-8-sig", errors="replace").split("\n")
        except OSError:
            return []

    for problem in problems:
        yield f"{problem.place}: {problem.severity}: {problem.message} [{problem.code}]"
        if problem.severity == "error" and 0 < problem.line <= len(lines(problem.file)):
            line = lines(problem.file)[problem.line - 1]
            yield indent(underlined(line, max(problem.column, 1), problem.width), "  ")
        if problem.hint:
            yield f"  hint: {problem.hint}"


def summary(problems: Sequence[Problem]) -> Iterator[str]:
    """How many of each rule and severity, most first, with what the rule is about."""
    counts = Counter((problem.code, problem.severity) for problem in problems)
    for (code, severity), count in sorted(counts.items(), key=lambda item: (-item[1], item[0])):
        yield f"{count:6} {severity:7} {code:20} {RULES[code][1]}"


def as_json(problems: Sequence[Problem], root: Path) -> Iterator[str]:
    """One array of objects."""
    yield json.dumps([msgspec.structs.asdict(problem) for problem in problems], indent=2)


def sarif(problems: Sequence[Problem], root: Path) -> Iterator[str]:
    """One run; rules are listed whether they found anything or not, so that viewers can explain them."""
    place = _forge(root)
    codes = list(RULES)
    rules = [
        {
            "id": code,
            "shortDescription": {"text": about},
            "defaultConfiguration": {"level": "note", "enabled": False} if severity == "off" else {"level": severity},
        }
        for code, (severity, about) in RULES.items()
    ]
    results = []
    for problem in problems:
        artifact = {"uri": quote(place(problem.file)), "uriBaseId": "%SRCROOT%"}
        location: dict[str, object] = {"artifactLocation": artifact}
        if problem.line:
            column = max(problem.column, 1)
            region = {"startLine": problem.line, "startColumn": column, "endColumn": column + max(problem.width, 1)}
            location["region"] = region
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": codes.index(problem.code),
                "level": problem.severity,
                "message": {"text": _whole(problem)},
                "locations": [{"physicalLocation": location}],
            }
        )
    driver = {"name": "caltrop", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    yield json.dumps(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}, indent=2
    )


def github(problems: Sequence[Problem], root: Path) -> Iterator[str]:
    """Workflow commands: annotations on a pull request's lines."""
    place = _forge(root)
    for problem in problems:
        where = f"file={_property(place(problem.file))}"
        if problem.line:
            column = max(problem.column, 1)
            where += f",line={problem.line},col={column},endColumn={column + max(problem.width, 1)}"
        yield f"::{problem.severity} {where},title={_property(problem.code)}::{_data(_whole(problem))}"


def _whole(problem: Problem) -> str:
    return f"{problem.message} ({problem.hint})" if problem.hint else problem.message


def _forge(root: Path) -> Callable[[str], str]:
    """A file of the content as a forge names it: relative to the git repository around it, else to the content."""
    base = root.resolve()
    git = next((folder for folder in (base, *base.parents) if (folder / ".git").exists()), base)
    return lambda file: (base / file).relative_to(git).as_posix()


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


FORMATS: dict[str, Callable[[Sequence[Problem], Path], Iterator[str]]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}

"""Problems as text, JSON, SARIF 2.1.0 and GitHub workflow commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence

import msgspec

from caltrop import __version__
from caltrop.content.problems import Problem
from caltrop.content.rules import RULES


def text(problems: Sequence[Problem]) -> Iterator[str]:
    for problem in problems:
        yield f"{problem.place}: {problem.severity}: {problem.message} [{problem.code}]"
        if problem.hint:
            yield f"  hint: {problem.hint}"


def as_json(problems: Sequence[Problem]) -> Iterator[str]:
    yield json.dumps([msgspec.structs.asdict(problem) for problem in problems], indent=2)


def sarif(problems: Sequence[Problem]) -> Iterator[str]:
    """One run; rules are listed whether they found anything or not, so that viewers can explain them."""
    codes = list(RULES)
    rules = [
        {
            "id": code,
            "shortDescription": {"text": about},
            "defaultConfiguration": {"level": "note" if severity == "off" else severity},
        }
        for code, (severity, about) in RULES.items()
    ]
    results = []
    for problem in problems:
        location: dict[str, object] = {"artifactLocation": {"uri": problem.file}}
        if problem.line:
            location["region"] = {"startLine": problem.line, "startColumn": max(problem.column, 1)}
        message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
        results.append(
            {
                "ruleId": problem.code,
                "ruleIndex": codes.index(problem.code),
                "level": problem.severity,
                "message": {"text": message},
                "locations": [{"physicalLocation": location}],
            }
        )
    driver = {"name": "caltrop", "version": __version__, "rules": rules}
    run = {"tool": {"driver": driver}, "results": results, "columnKind": "unicodeCodePoints"}
    yield json.dumps(
        {"$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0", "runs": [run]}, indent=2
    )


def github(problems: Sequence[Problem]) -> Iterator[str]:
    """Workflow commands: annotations on a pull request's lines."""
    for problem in problems:
        where = f"file={_property(problem.file)}"
        if problem.line:
            where += f",line={problem.line},col={max(problem.column, 1)}"
        message = f"{problem.message} ({problem.hint})" if problem.hint else problem.message
        yield f"::{problem.severity} {where},title={_property(problem.code)}::{_data(message)}"


def _data(value: str) -> str:
    return value.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(value: str) -> str:
    return _data(value).replace(":", "%3A").replace(",", "%2C")


FORMATS: dict[str, Callable[[Sequence[Problem]], Iterator[str]]] = {
    "text": text,
    "json": as_json,
    "sarif": sarif,
    "github": github,
}

"""What a target tells about a search that left nothing: every question is a search of its own, through the `Target` protocol.

Answers the questions of `caltrop.explain` as `caltrop.engine.evidence` does, of events that one replay sent (by their host).
Unverified against a real Splunk; the embedded server answers both ways alike (tests/replay/test_evidence.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from caltrop.dialect.words import quoted
from caltrop.errors import CaltropError
from caltrop.explain import Asked, Explanation, explain
from caltrop.explain.evidence import Kind, Prefix, Sample
from caltrop.replay.target import Row, Target, TargetError
from caltrop.spl import Answer, Macro, expand, known_commands, parse, parse_search, unparse
from caltrop.spl.ast import And, Command, Comparison, FieldName, Node, Not, Or, Pipeline, Subsearch, Word
from caltrop.spl.facts import DOES_MORE
from caltrop.spl.macros import Expansion

VALUES = 1_000
STAGES = 30  # that are counted
Times = Mapping[str, str]
ALWAYS: Times = {"earliest_time": "0", "latest_time": "+20y"}


class SearchedEvidence:
    """The evidence of one search of `app` over the events of `host`, in a time range (`earliest_time`, `latest_time` of jobs)."""

    def __init__(self, target: Target, app: str, host: str, times: Times) -> None:
        self._target = target
        self._app = app
        self._host = host
        self._times = times
        self._asked: dict[tuple[str, bool], list[Row]] = {}

    # -- the questions

    def count(self, prefix: Prefix) -> int:
        rows = self._rows(prefix, "stats count")
        if not rows:
            raise TargetError(f"{self._target.url} gave no count of {self._text(prefix)[:200]}")
        return int(rows[0]["count"])

    def patterns(self, prefix: Prefix, conditions: Sequence[Node], *, search: bool) -> Mapping[str, int]:
        tests = [self._tested(node, search) for node in conditions]
        held = ".".join(f'if({test},"1","0")' for test in tests)
        rows = self._rows(prefix, f'eval caltrop_held=""{"." + held if held else ""} | stats count by caltrop_held')
        return {str(row["caltrop_held"]): int(row["count"]) for row in rows}

    def values(self, prefix: Prefix, field: str) -> Sequence[tuple[str, int]]:
        name = quoted(field)
        rows = self._rows(prefix, f"stats count AS caltrop_rows by {name} | sort {VALUES} -caltrop_rows +{name}")
        return [(str(row[field]), int(row["caltrop_rows"])) for row in rows if field in row]

    def sample(self, prefix: Prefix, limit: int) -> Sequence[Sample]:
        return self._rows(prefix, f"head {limit}")

    def inventory(self, *, internal: bool = False) -> Sequence[Kind]:
        wide = "(index=* OR index=_*)" if internal else "index=*"
        rows = self._ask(
            f"| tstats count AS events min(_time) AS first max(_time) AS last where {wide} host={quoted(self._host)} "
            "by index source sourcetype",
            always=True,
        )
        return [
            (r["index"], r["source"], r["sourcetype"], int(r["events"]), float(r["first"]), float(r["last"]))
            for r in rows
        ]

    def indexes(self, *, internal: bool = False) -> Sequence[str]:
        rows = self._ask("| eventcount summarize=false index=* index=_* | stats count by index", always=True)
        return [row["index"] for row in rows if internal or not row["index"].startswith("_")]

    def default_indexes(self) -> Sequence[str]:
        rows = self._ask(f"search host={quoted(self._host)} | stats count by index", always=True)
        return [row["index"] for row in rows]

    def constraint(self, model: str, dataset: str) -> str:
        rows = self._ask(f"| datamodel {quoted(model)}", always=True)
        try:
            objects = {one["objectName"]: one for one in json.loads(str(rows[0]["_raw"]))["objects"]}
        except (IndexError, KeyError, ValueError, TypeError) as error:
            raise TargetError(f"{self._target.url} does not tell what the data model {model!r} is") from error
        parts: list[str] = []
        name = dataset
        while name in objects:
            parts[:0] = [f"({one['search']})" for one in objects[name].get("constraints", []) if one.get("search")]
            name = objects.pop(name).get("parentName", "")
        return expanded(" ".join(parts), self._target, self._app).text

    def apps(self) -> Sequence[str]:
        return [addon.name for addon in self._target.addons()]

    # -- searches

    def _rows(self, prefix: Prefix, question: str) -> list[Row]:
        for command in prefix:
            for node in command.walk():
                if isinstance(node, Command) and (node.name in DOES_MORE or node.name not in known_commands()):
                    raise TargetError(f"'{node.name}' is not run again for an explanation")
        return self._ask(f"{self._text(prefix)} | {question}")

    def _text(self, prefix: Prefix) -> str:
        """The commands as a search over the replayed events alone."""
        first, *rest = prefix
        host = Comparison(FieldName("host"), "=", Word(self._host, quoted=True))
        if first.name == "search":
            first = Command("search", (And((host, *first.parts)),))
        elif first.name == "datamodel" and len(first.of(Word)) > 2:
            rest = [Command("search", (host,)), *rest]
        text = unparse(Pipeline((first, *rest)))
        return text if first.name == "search" else f"| {text.removeprefix('|').lstrip()}"

    def _ask(self, spl: str, *, always: bool = False) -> list[Row]:
        key = spl, always
        if key not in self._asked:
            self._asked[key] = self._target.search(spl, **(ALWAYS if always else self._times))
        return self._asked[key]

    # -- conditions

    def _tested(self, node: Node, search: bool) -> str:
        if not search:
            return f"({unparse(node)})"
        return f"searchmatch({quoted(unparse(self._resolved(node)))})"

    def _resolved(self, node: Node) -> Node:
        """The condition with what its subsearches gave in their place."""
        if isinstance(node, Subsearch):
            rows = self._target.search(f"{self._subsearch(node)} | format", **self._times)
            return parse_search(str(rows[0]["search"])) if rows and rows[0].get("search") else Or(())
        if isinstance(node, And | Or):
            return type(node)(tuple(map(self._resolved, node.items)))
        return Not(self._resolved(node.operand)) if isinstance(node, Not) else node

    @staticmethod
    def _subsearch(node: Subsearch) -> str:
        text = unparse(node.pipeline)
        first = node.pipeline.commands[0]
        return text if first.name == "search" else f"| {text.removeprefix('|').lstrip()}"


def expanded(text: str, target: Target, app: str) -> Expansion:
    """Search text with its macros expanded, as the target has them now."""

    def find(name: str, arity: int) -> Macro | None:
        settings = target.macro_settings(f"{name}({arity})" if arity else name, app)
        if settings is None:
            return None
        arguments = tuple(part.strip() for part in settings.get("args", "").split(",") if part.strip())
        return Macro(name, arguments, settings.get("definition", ""), settings.get("iseval", "0") in ("1", "true"))

    def evaluate(expression: str) -> Answer:
        rows = target.search(f"| makeresults | eval caltrop_answer={expression} | table caltrop_answer", **ALWAYS)
        return Answer(rows[0].get("caltrop_answer") if rows else None)

    return expand(text, find, evaluate)


def explained(
    target: Target,
    search: str,
    app: str,
    host: str,
    *,
    earliest: float,
    latest: float,
    now: float,
    addons: Sequence[str] = (),
) -> Explanation:
    """Why a saved search of a target found nothing in the events of a host; raises CaltropError for what cannot be asked."""
    expansion = expanded(search, target, app)
    commands = tuple(command for command in parse(expansion.text).commands if isinstance(command, Command))
    times = {"earliest_time": f"{int(earliest)}", "latest_time": f"{int(latest)}"}
    evidence = SearchedEvidence(target, app, host, times)
    asked = Asked(
        commands=commands,
        rows=_counted(evidence, commands),
        evidence=evidence,
        now=now,
        earliest=earliest,
        latest=latest,
        origin=expansion.call,
        macros=tuple(expansion.calls),
        addons=tuple(addons),
    )
    return explain(asked)


def _counted(evidence: SearchedEvidence, commands: Sequence[Command]) -> list[int]:
    """The rows behind each stage. Behind a command that is not run again nothing is known but that nothing is left."""
    found: list[int] = []
    for number in range(1, min(len(commands), STAGES) + 1):
        try:
            found.append(evidence.count(tuple(commands[:number])))
        except CaltropError:
            return [*found, 0]
    return found

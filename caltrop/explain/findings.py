"""What an explanation says: stages, findings, and how they read as lines and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from caltrop.explain.terms import cut

MOST = 7  # lines of a short explanation
COMMAND_SHOWN = 90  # characters of a stage

# What a finding is about; the order is that of `docs/explain.md`.
Subject = Literal[
    "data", "index", "source", "sourcetype", "time", "value", "field", "text", "condition", "macro", "lookup", "datamodel",
    "subsearch", "join", "group", "addon", "stage",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """One line with numbers. `term` is the condition to blame, as SPL; `macro` the call that it came from, if one did.

    `matched` of `of` rows meet it alone; `near` are values with their rows. `more` is what the long form adds.
    """

    subject: Subject
    text: str
    stage: int = 0  # from 1
    term: str = ""
    macro: str = ""
    matched: int | None = None
    of: int | None = None
    near: tuple[tuple[str, int], ...] = ()
    more: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        value: dict[str, Any] = {"subject": self.subject, "text": self.text, "stage": self.stage}
        if self.term:
            value["term"] = self.term
        if self.macro:
            value["macro"] = self.macro
        if self.matched is not None:
            value |= {"matched": self.matched, "of": self.of}
        if self.near:
            value["near"] = [{"value": v, "rows": n} for v, n in self.near]
        if self.more:
            value["more"] = list(self.more)
        return value


@dataclass(frozen=True, slots=True)
class StageRow:
    """A command, macros expanded, and the rows before and behind it; None: not counted."""

    command: str
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a search gave the rows that it gave. `emptied` is the stage (from 1) that left none, 0 where there are rows."""

    stages: tuple[StageRow, ...]
    emptied: int = 0
    findings: tuple[Finding, ...] = ()
    macros: tuple[tuple[str, str], ...] = field(default=())  # calls as written, with what they stand for

    @property
    def rows(self) -> int:
        return (self.stages[-1].after or 0) if self.stages else 0

    @property
    def headline(self) -> str:
        if not self.emptied:
            return f"{self.rows:,} row{'' if self.rows == 1 else 's'}"
        stage = self.stages[self.emptied - 1]
        noun = ("event" if self.emptied == 1 else "row") + ("" if stage.before == 1 else "s")
        came = "" if stage.before is None else f" of {stage.before:,} {noun}"
        return (
            f"0 rows: stage {self.emptied} of {len(self.stages)} left none{came}: {cut(stage.command, COMMAND_SHOWN)}"
        )

    def lines(self, most: int | None = MOST) -> list[str]:
        """The headline and the findings, one a line, at most so many (None: all, with what each has to add)."""
        found = [self.headline]
        for finding in self.findings:
            found.append(finding.text)
            if most is None:
                found += [f"  {line}" for line in finding.more]
        if most is None or len(found) <= most:
            return found
        left = len(found) - most + 1
        return [*found[: most - 1], f"({left} more: caltrop explain shows all)"]

    def table(self) -> list[str]:
        """The pipeline stage by stage, rows in and out."""

        def cell(value: int | None) -> str:
            return "?" if value is None else f"{value:,}"

        rows = [("in", "out", "stage")] + [
            (cell(s.before), cell(s.after), f"{number} {cut(s.command, COMMAND_SHOWN)}")
            for number, s in enumerate(self.stages, 1)
        ]
        wide = [max(len(row[i]) for row in rows) for i in (0, 1)]
        return [f"{before:>{wide[0]}}  {after:>{wide[1]}}  {text}".rstrip() for before, after, text in rows]

    def as_json(self) -> dict[str, Any]:
        return {
            "rows": self.rows,
            "emptied": self.emptied,
            "stages": [{"command": s.command, "in": s.before, "out": s.after} for s in self.stages],
            "findings": [f.as_json() for f in self.findings],
            "macros": [{"call": call, "definition": text} for call, text in self.macros],
        }


def counted(values: Sequence[tuple[str, int]], length: int = 60) -> str:
    """`a` (14), `b` (2)."""
    return ", ".join(f"`{cut(value, length) or '(empty)'}` ({rows:,})" for value, rows in values)

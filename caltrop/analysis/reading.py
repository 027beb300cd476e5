"""A search as the rules see it: its text with macros replaced where they are known, its tree, and the fields between stages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from caltrop.analysis.flow import Run, runs
from caltrop.analysis.known import Known
from caltrop.spl.ast import Command, Node, Pipeline, Span, Subsearch
from caltrop.spl.macros import Expansion


@dataclass(frozen=True)
class Reading:
    """`text` is what was parsed into `pipeline`; `expansion` leads back to what was written."""

    text: str
    expansion: Expansion
    pipeline: Pipeline
    known: Known

    @cached_property
    def runs(self) -> list[Run]:
        """The pipeline and every subsearch in it, each with what is known of fields from stage to stage."""
        return runs(self.pipeline)

    @cached_property
    def commands(self) -> list[Command]:
        """Every command, those of subsearches included, in order."""
        return [node for node in self.pipeline.walk() if isinstance(node, Command)]

    @cached_property
    def parts(self) -> list[tuple[Command, list[Node]]]:
        """Every command with the nodes below it, those of subsearches left out: they are below commands of their own."""
        return [(command, [node for part in command.parts for node in own(part)]) for command in self.commands]

    @cached_property
    def nodes(self) -> list[Node]:
        """Every node below a command."""
        return [node for _, nodes in self.parts for node in nodes]

    def words(self, span: Span) -> str:
        """The text at a place."""
        return self.text[span.start : span.end]


def own(node: Node) -> Iterator[Node]:
    """A node and what is below it, subsearches left out: their commands are looked at by themselves."""
    if isinstance(node, Subsearch):
        return
    yield node
    for child in node.children():
        yield from own(child)

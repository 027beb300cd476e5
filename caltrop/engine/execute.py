"""Runs pipelines: one command after the other over a table, the first one getting events from the index."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import cast

import polars as pl

from caltrop.dialect.patterns import RegexError
from caltrop.dialect.zones import TimeError
from caltrop.engine import budget, expressions, matching, options, previews, reading, registry, settled, subsearches
from caltrop.engine.calls import Scope
from caltrop.engine.context import Context, Finish
from caltrop.engine.errors import Finalized, SearchError
from caltrop.engine.packed import Packed, Packing
from caltrop.engine.previews import Leading, Previews
from caltrop.engine.reading import Reading
from caltrop.engine.samples import Sample, sampled
from caltrop.engine.scan import scan_events
from caltrop.engine.table import Table, render, stacked
from caltrop.spl import unparse
from caltrop.spl.ast import Command, MacroCall, Node, Pipeline, Subsearch
from caltrop.spl.commands import declaration_of


@dataclass(frozen=True, slots=True)
class Stage:
    """A command of the main search, macros expanded, the rows that it gave and the seconds that it took; the first of the rows,
    where they were asked for."""

    command: Command
    rows: int
    seconds: float = 0.0
    sample: Sample | None = None

    @property
    def text(self) -> str:
        return unparse(self.command)


@dataclass(slots=True)
class Engine:
    """The evaluator that commands see. `on_stage` is told (stage number, stages, rows) of the main search, of each of whose
    stages `sample` rows are kept."""

    on_stage: Callable[[int, int, int], None] | None = None
    stages: list[Stage] = field(default_factory=list)  # of the main search, as far as it has come
    events: Table | None = None  # the main search's table before its first transforming command
    emptied: tuple[int, Table] | None = (
        None  # the last stage that left no row of some: its number from 0, what it was given
    )
    transforming: bool = False
    sample: int = 0
    previews: Previews | None = None  # of the main search
    packs: bool = False  # whether rows of the main search that go out as they were found are packed
    packed: Packed | None = None  # they are

    def evaluate(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        value = expressions.evaluate(expression, Scope(frame, ctx))
        return value.stretch(frame.height)

    def matches(self, expression: Node, frame: pl.DataFrame, ctx: Context) -> pl.Series:
        resolved = matching.with_times(subsearches.resolve(expression, ctx), ctx)
        found = matching.test(resolved, frame)
        if isinstance(found, bool):
            return pl.Series("match", [found], pl.Boolean).new_from_index(0, frame.height)
        column = frame.select(found.alias("match")).to_series()
        return column if len(column) == frame.height else column.new_from_index(0, frame.height)

    def run(self, pipeline: Pipeline, ctx: Context, *, source: Table | None = None) -> Table:
        """Run the commands. Errors without a place get that of the command they happened in."""
        main = ctx.depth == 0 and source is None
        commands = _placed(pipeline.commands) if source is None else pipeline.commands
        stages = [reading.entry(command, ctx) for command in commands]
        if not stages:
            raise SearchError("the search is empty")
        for number, (entry, command) in enumerate(stages):
            try:
                options.check(command)
            except SearchError as error:
                raise error.at(command) from error
            if entry.kind == "generating" and (number or source is not None) and not command.option("append"):
                raise SearchError(
                    f"'{command.name}' must be the first command of a search",
                    node=command,
                    says="This command must be the first command of a search.",
                ).at(command)
        table = source if source is not None else Table.empty()
        for number, (entry, command) in enumerate(stages):
            given, began = table, time.perf_counter()
            try:
                budget.check()
                if main and entry.kind == "transforming" and not self.transforming:
                    self.events, self.transforming = table, True
                    if self.previews is not None:
                        self.previews.kept(table)
                if not declaration_of(command.name).reads_brackets and command.of(Subsearch):
                    command = subsearches.written_in(command, ctx)
                    options.check(command)
                if number == 0 and source is None and command.name == "search":
                    table = self._scanned(commands, ctx) if main else scan_events(commands, ctx)
                    if self.packed is not None:
                        return table
                else:
                    ctx.watcher = self._leading(commands[1:], ctx) if main and not number else None
                    table = settled.run(entry, table, command, ctx)
                    ctx.watcher = None
                    # Only what they give tells of generating and of custom commands whether it is events.
                    undecided = entry.kind == "generating" or command.name not in registry.commands
                    if main and not self.transforming and undecided and not table.events:
                        self.events, self.transforming = given, True
                budget.made(table.frame)
            except Finalized:
                if not main:
                    raise
                seen = self.previews.latest if self.previews is not None else None
                reports = any(entry.kind == "transforming" for entry, _ in stages[number:])
                if seen is not None and seen.table is not None and (number == 0 or reports):
                    self.events, self.transforming = seen.events, self.transforming or reports
                    return seen.table  # what was seen, instead of half of it
                break
            except SearchError as error:
                raise error.at(command) from error
            except (RegexError, TimeError) as error:
                raise SearchError(error.message, node=command, hint=error.hint).at(command) from error
            except pl.exceptions.PolarsError as error:
                raise SearchError(f"'{command.name}' failed: {error}", node=command).at(command) from error
            if main:
                kept = sampled(table, self.sample) if self.sample else None
                self.stages.append(Stage(command, len(table), time.perf_counter() - began, kept))
                if len(given) and not len(table):
                    self.emptied = number, given
                if self.on_stage is not None:
                    self.on_stage(number + 1, len(stages), len(table))
        if not main:
            return table
        if not self.transforming:
            self.events = table
        return self._formatted(table, ctx)

    def _scanned(self, commands: Sequence[Command | MacroCall], ctx: Context) -> Table:
        """The events of the main search. Where the rows that the rest makes of them are many, and each goes out by itself, they are
        packed, and the search is over."""
        rest = commands[1:]
        if not self.packs or self.previews is not None or not all(map(_by_row, rest)):
            return scan_events(commands, ctx, self._previewing(rest, ctx))
        packing = Packing()
        nothing = scan_events(commands, ctx, packing=packing)
        few = packing.few()
        if few is not None:
            return stacked([Table(frame, events=True) for frame in few]) if few else nothing
        found = packing.events()
        counts, made = [len(found)], found
        # An engine of its own: what is packed would hold this one, which holds it.
        aside = replace(ctx, engine=Engine())
        for command in rest:
            step = partial(_step, command, aside)
            left = made.filtered(step) if declaration_of(command.name).filters else made.through(step)
            if left is None:
                return found.whole()
            made = left
            counts.append(len(made))
        self.packed, self.events = made, nothing
        self.transforming = any(reading.entry(command, ctx)[0].kind == "transforming" for command in rest)
        self.stages += [Stage(cast(Command, command), count) for command, count in zip(commands, counts, strict=True)]
        return nothing

    def _leading(self, commands: Sequence[Command | MacroCall], ctx: Context) -> Leading | None:
        """Who hears of what the first command reads, where that is no plain search."""
        if self.previews is None:
            return None
        return Leading(self.previews, lambda finish: self._plan(commands, ctx, finish))

    def _previewing(self, commands: Sequence[Command | MacroCall], ctx: Context) -> Previews | None:
        """Who hears of what the scan reads, and knows what these commands make of it."""
        if self.previews is not None:
            self._plan(commands, ctx, lambda rows: Table(rows, events=True))
        return self.previews

    def _plan(self, commands: Sequence[Command | MacroCall], ctx: Context, finish: Finish) -> None:
        """Say what the commands make of rows that were found, of which `finish` makes what they are given."""
        assert self.previews is not None
        planned = previews.plan(commands)
        if planned is not None:
            keeping, whole = planned
            before, behind = Pipeline(tuple(commands[:keeping])), Pipeline(tuple(commands[keeping:]))

            def rest(found: Table) -> tuple[Table, Table | None]:
                aside = replace(
                    ctx,
                    engine=Engine(),
                    messages=[],
                    delimiters={},
                    searched=dict(ctx.searched),
                    formats=[],
                    watcher=None,
                )
                given = finish(found.frame)
                if not given.events:  # a report from the first command on
                    made = self.run(Pipeline(tuple(commands)), aside, source=given) if commands and whole else given
                    return Table.empty(), self._formatted(made, aside) if whole else None
                events = self.run(before, aside, source=given) if before.commands else given
                if not whole:
                    return events, None
                table = self.run(behind, aside, source=events) if behind.commands else events
                return events, self._formatted(table, aside)

            self.previews.begins(rest, plain=not before.commands and not (whole and behind.commands))

    def _formatted(self, table: Table, ctx: Context) -> Table:
        """What fieldformat asked for, done last."""
        frame = table.frame
        for assignment in ctx.formats:
            if assignment.target in frame.columns:
                column = render(self.evaluate(assignment.expression, frame, ctx))
                frame = frame.with_columns(column.alias(assignment.target))
        return table.with_frame(frame)

    def run_text(self, text: str, ctx: Context, *, source: Table | None = None) -> Table:
        return self.run_reading(reading.read(text, ctx), ctx, source=source)

    def run_reading(self, search: Reading, ctx: Context, *, source: Table | None = None) -> Table:
        """Run a search that was read before; errors get the place in its text as written."""
        with search.placing():
            return self.run(search.pipeline, ctx, source=source)

    def expand(self, text: str, ctx: Context) -> str:
        return reading.expanded(text, ctx)


def _placed(commands: tuple[Command | MacroCall, ...]) -> tuple[Command | MacroCall, ...]:
    """Without a leading localop, which says where the rest runs and makes no rows: what follows is the first command."""
    first = next((i for i, command in enumerate(commands) if command.name != "localop"), 0)
    return commands[first:]


def _step(command: Command | MacroCall, ctx: Context, table: Table) -> Table:
    return ctx.engine.run(Pipeline((command,)), ctx, source=table)


def _by_row(command: Command | MacroCall) -> bool:
    """Whether the command takes each row by itself, and makes the same columns of all."""
    declared = declaration_of(command.name)
    plain = isinstance(command, Command) and not any(isinstance(node, Subsearch) for node in command.walk())
    return plain and (declared.filters or declared.arranges)


def subsearch_part(command: Command) -> Subsearch:
    """The subsearch of append, join, … in their parts; SearchError when it was left out."""
    found = command.of(Subsearch)
    if not found:
        raise SearchError(
            f"'{command.name}' needs a subsearch in brackets",
            node=command,
            says="The last argument must be a subsearch.",
        )
    return found[0]

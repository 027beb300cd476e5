"""Questions about a search before it runs, asked of its tree."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.engine import registry
from caltrop.spl import SplError, parse
from caltrop.spl.ast import Command, Comparison, Membership, Node, Option, Pipeline, Word


def reads_internal(pipeline: Pipeline) -> bool:
    """Whether it names an internal index (`_…`), anywhere in it: also in a subsearch or in the search of `map`."""
    return any(name.startswith("_") for name in _indexes(pipeline))


def _indexes(node: Node) -> Iterator[str]:
    """Names and patterns of indexes, as written."""
    for item in node.walk():
        if isinstance(item, Comparison) and item.field.name == "index" and isinstance(item.value, Word):
            yield item.value.text
        elif isinstance(item, Membership) and item.field.name == "index":
            yield from (value.text for value in item.values if isinstance(value, Word))
        elif isinstance(item, Option) and item.name == "index":
            yield str(item.value)
        elif isinstance(item, Command) and item.name == "map":
            yield from _indexes_of_text(str(item.option("search", "")))


def _indexes_of_text(text: str) -> Iterator[str]:
    """As `_indexes`, of search text that is run for each row; one with macros or in error tells when it runs."""
    try:
        pipeline = parse(text)
    except SplError:
        return
    yield from _indexes(pipeline)


def reporting_from(pipeline: Pipeline) -> int | None:
    """The number of the first command that gives results instead of events; None where every row is an event to the end.

    What a custom command gives is known when it runs, and what a generating one gives too: they count as giving events.
    """
    for number, command in enumerate(pipeline.commands):
        entry = registry.commands.get(command.name)
        if entry is not None and entry.kind == "transforming":
            return number
    return None

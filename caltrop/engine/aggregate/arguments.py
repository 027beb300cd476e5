"""Reading the arguments that the reporting commands share."""

from __future__ import annotations

from dataclasses import replace

from caltrop.dialect.words import option_truth
from caltrop.engine.errors import SearchError, option_error
from caltrop.spl.ast import Aggregation, Alias, Clause, Command, FieldName, Node, NodeOption, Option, Word


def gathered(cmd: Command) -> Command:
    """The command with options that were written behind BY, OVER or WHERE moved out of those clauses."""
    kept: list[Node] = []
    options: list[Node] = []
    for part in cmd.parts:
        if isinstance(part, Clause):
            inside = [p for p in part.parts if isinstance(p, Option | NodeOption | Aggregation)]
            options += inside
            part = replace(part, parts=tuple(p for p in part.parts if p not in inside))
        kept.append(part)
    return replace(cmd, parts=tuple(kept + options))


def names(parts: tuple[Node, ...] | None) -> list[str]:
    """The field names among parts (of a clause), in order."""
    return [name for part in parts or () if (name := name_of(part)) is not None]


def name_of(part: Node) -> str | None:
    if isinstance(part, FieldName):
        return part.name
    if isinstance(part, Alias):
        raise SearchError(
            f"{part.source.name!r} cannot be renamed here", node=part, hint="Rename it in a command before."
        )
    return part.text if isinstance(part, Word) else None


def by_fields(cmd: Command) -> list[str]:
    return list(dict.fromkeys(plain_names(cmd, cmd.clause("by") or (), " BY")))


def plain_names(cmd: Command, parts: tuple[Node, ...], clause: str = "") -> list[str]:
    """The field names among parts, none of which may be a pattern unless it is quoted."""
    for part in parts:
        if isinstance(part, FieldName | Word) and "*" in (name_of(part) or "") and not part.quoted:
            raise SearchError(
                f"{cmd.name}{clause} {name_of(part)}: wildcards are not allowed", node=part, hint="Name each field."
            )
    return names(parts)


def aggregations(cmd: Command) -> tuple[Aggregation, ...]:
    found = cmd.of(Aggregation)
    if not found:
        raise SearchError(
            f"{cmd.name} needs a statistical function", node=cmd, hint="Add one such as count or avg(field)."
        )
    for one in found:
        calculated = one.argument is not None and not isinstance(one.argument, FieldName | Aggregation)
        if calculated and one.alias is None and one.function != "eval":
            raise SearchError(
                f"{cmd.name}: the calculated argument of {one.text} needs a rename", node=one, hint="Name it with AS."
            )
    return found


def flag(cmd: Command, name: str, default: bool) -> bool:
    value = cmd.option(name, default)
    if isinstance(value, bool):
        return value
    known = option_truth(str(value))
    if known is None:
        raise option_error(
            f"{name}={value} is neither true nor false", node=cmd, name=name, value=value, kind="boolean"
        )
    return known


def number(cmd: Command, name: str, default: float) -> float:
    value = cmd.option(name, default)
    try:
        return float(str(value))
    except ValueError:
        raise option_error(f"{name}={value} is not a number", node=cmd, name=name, value=value, kind="number") from None


def whole(cmd: Command, name: str, default: int, *, minimum: int = 0) -> int:
    value = number(cmd, name, default)
    if value != int(value) or value < minimum:
        raise option_error(
            f"{name}={cmd.option(name)} is not a whole number of at least {minimum}",
            node=cmd,
            name=name,
            value=cmd.option(name),
            kind="positive integer" if minimum else "non-negative integer",
        )
    return int(value)


def text(cmd: Command, name: str, default: str) -> str:
    value = cmd.option(name)
    return default if value is None else str(value)


def choice(cmd: Command, name: str, default: str, *allowed: str) -> str:
    """One of the words that an option knows, in lower case; all words without `allowed`."""
    word = text(cmd, name, default).lower()
    if allowed and word not in allowed:
        raise SearchError(
            f"{cmd.name} {name}={cmd.option(name)} is unknown", node=cmd, hint=f"Write {' or '.join(allowed)}."
        )
    return word


def expression(cmd: Command, name: str) -> Node | None:
    """The expression of an option such as reset_after=(x>1)."""
    for part in cmd.of(NodeOption):
        if part.name == name:
            return part.value
    return None

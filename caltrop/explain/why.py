"""A search that left nothing -> its explanation: which stage, and why."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from caltrop.errors import CaltropError
from caltrop.explain.asked import Asked
from caltrop.explain.blame import passing, smallest
from caltrop.explain.conditions import LOOKED_AT, Setting, idle, listed, nearest_field, tally
from caltrop.explain.conditions import explain as explain_conditions
from caltrop.explain.datasets import (
    dataset_conditions,
    dataset_of,
    dataset_setting,
    explain_dataset,
    explain_tstats,
    rows_of,
)
from caltrop.explain.events import explain_events
from caltrop.explain.findings import Explanation, Finding, StageRow, counted
from caltrop.explain.near import nearest
from caltrop.explain.origins import whence
from caltrop.explain.terms import conjuncts, cut
from caltrop.spl import unparse
from caltrop.spl.ast import (
    And,
    Call,
    Command,
    Comparison,
    FieldName,
    Literal,
    Node,
    Not,
    Subsearch,
    Word,
)
from caltrop.spl.commands import declaration_of

Explainer = Callable[[Asked, int, Command], list[Finding]]


def explain(asked: Asked) -> Explanation:
    """Why the search left nothing; for one with rows, its stages alone."""
    rows = list(asked.rows)
    emptied = emptied_stage(asked.commands, rows)
    total = _events(asked) if asked.commands else None
    stages = tuple(
        StageRow(unparse(command), rows[n - 1] if n else total, rows[n])
        for n, command in enumerate(asked.commands[: len(rows)])
    )
    if emptied is None:
        return Explanation(stages, macros=asked.macros)
    try:
        found = _findings(asked, emptied)
    except CaltropError as error:
        found = [Finding("stage", f"why it left none could not be asked: {error.message}", emptied + 1)]
    return Explanation(stages, emptied + 1, tuple(_ranked(found)), asked.macros)


def emptied_stage(commands: Sequence[Command], rows: Sequence[int | None]) -> int | None:
    """The stage (from 0) that is to blame for an empty end, None where there are rows at the end.

    It is the last that left none of some rows, or an earlier one where these rows were made of nothing (`stats count`).
    """
    if not rows or rows[-1]:
        return None
    number = len(rows) - 1
    while number:
        if rows[number - 1] == 0:
            number -= 1
        elif _made_of_nothing(commands, rows, number - 1):
            number = next(n for n in range(number - 1, -1, -1) if rows[n] == 0)
        else:
            break
    return number


def _made_of_nothing(commands: Sequence[Command], rows: Sequence[int | None], number: int) -> bool:
    """Whether the rows of a stage go back to a statistic over no row."""
    while number >= 0 and rows[number]:
        before = rows[number - 1] if number else None
        if before == 0:
            return declaration_of(commands[number].name).kind == "transforming"
        number -= 1
    return False


def _events(asked: Asked) -> int | None:
    """How many events there are for a leading search to look at."""
    if asked.commands[0].name not in ("search", "tstats"):
        return None
    try:
        return sum(kind[3] for kind in asked.evidence.inventory())
    except CaltropError:
        return None


def _findings(asked: Asked, number: int) -> list[Finding]:
    command = asked.commands[number]
    if not number:
        found = _leading(asked, command)
    elif command.name in EXPLAINERS:
        found = EXPLAINERS[command.name](asked, number, command)
    else:
        found = _nulls(asked, number, command)
    if found:
        first, *rest = found
        return [first, *_addons(asked, number, found), *rest, *(_idle(asked) if number else [])]
    came = "" if not number or asked.rows[number - 1] is None else f" of {asked.rows[number - 1]:,} rows"
    return [Finding("stage", f"stage {number + 1} `{cut(unparse(command), 90)}` left none{came}", number + 1)]


def _ranked(findings: Sequence[Finding]) -> list[Finding]:
    """As they were found, each text once."""
    return list({finding.text: finding for finding in findings}.values())


# --- the first command


def _leading(asked: Asked, command: Command) -> list[Finding]:
    if command.name == "search":
        return explain_events(asked, 0, _expression(command))
    if command.name == "tstats":
        return explain_tstats(asked, 0, command) or _nulls(asked, 0, command)
    named = dataset_of(command)
    if named is not None:
        return explain_dataset(asked, 0, *named)
    if command.name == "inputlookup":
        return _inputlookup(asked, 0, command)
    parts = list(command.of(Subsearch))
    if parts and command.name in ("multisearch", "union"):
        return [
            Finding("subsearch", f"search {n} of {len(parts)} gave no row: [{cut(unparse(part.pipeline), 80)}]", 1)
            for n, part in enumerate(parts, 1)
        ]
    return []


def _addons(asked: Asked, number: int, found: Sequence[Finding]) -> list[Finding]:
    """The add-ons that are needed and absent, where fields or tags are missing that an add-on may give."""
    if not any(finding.subject in ("field", "datamodel", "group") for finding in found):
        return []
    here = set(asked.evidence.apps()) if asked.addons else set()
    text = "the add-on {}, which the data source names for fields and tags, is not among the installed apps"
    return [Finding("addon", text.format(app), number + 1) for app in asked.addons if app not in here]


def _idle(asked: Asked) -> list[Finding]:
    """Misspelt alternatives of the first command, where a later one left no row."""
    command = asked.commands[0]
    if command.name == "search":
        nodes = list(conjuncts(_expression(command)))
        return idle(Setting(asked, 0, (Command("search", (And(()),)),), True, "events"), nodes)
    if command.name == "tstats" and dataset_of(command) is not None:
        return idle(dataset_setting(asked, 0, command), dataset_conditions(command))
    return []


def _expression(command: Command) -> Node:
    return command.parts[0] if len(command.parts) == 1 else And(command.parts, span=command.span)


def _inputlookup(asked: Asked, number: int, command: Command) -> list[Finding]:
    name = command.of(Word)[0].text if command.of(Word) else ""
    table = (Command("inputlookup", (Word(name),)),)
    rows = asked.evidence.count(table)
    if not rows:
        return [Finding("lookup", f"the lookup `{name}` has no row", number + 1)]
    nodes = [node for part in command.clause("where") or () for node in conjuncts(part)]
    return explain_conditions(Setting(asked, number, table, True, f"rows of {name}"), nodes) if nodes else []


# --- later commands


def _search(asked: Asked, number: int, command: Command) -> list[Finding]:
    nodes = [node for part in command.parts for node in conjuncts(part)]
    return explain_conditions(Setting(asked, number, asked.before(number), True), nodes)


def _where(asked: Asked, number: int, command: Command) -> list[Finding]:
    nodes = [node for part in command.parts for node in conjuncts(part)]
    return explain_conditions(Setting(asked, number, asked.before(number), False), nodes)


def _regex(asked: Asked, number: int, command: Command) -> list[Finding]:
    part = command.parts[0] if command.parts else None
    field, op, value = FieldName("_raw"), "=", part
    if isinstance(part, Comparison):
        field, op, value = part.field, part.op, part.value
    if not isinstance(value, Word):
        return []
    node: Node = Call("match", (field, Literal(value.text)), span=command.span)
    if op == "!=":
        node = Not(node)
    return explain_conditions(Setting(asked, number, asked.before(number), False), [node])


def _join(asked: Asked, number: int, command: Command) -> list[Finding]:
    """Keys of both sides that never meet, or a subsearch without rows."""
    parts = command.of(Subsearch)
    if not parts:
        return []
    commands = tuple(c for c in parts[0].pipeline.commands if isinstance(c, Command))
    rows = asked.evidence.count(commands)
    if not rows:
        text = f"the subsearch of `join` gave no row: [{cut(unparse(parts[0].pipeline), 90)}]"
        return [Finding("join", text, number + 1)]
    found = []
    for field in [part.name for part in command.of(FieldName)]:
        mine, theirs = asked.evidence.values(asked.before(number), field), asked.evidence.values(commands, field)
        if not mine or not theirs:
            side = "these rows have" if not mine else "the subsearch gives"
            origin = whence(asked, number, field) if not mine else None
            text = f"`join {field}`: {side} no `{field}`" + (f"; {origin[1]}" if origin else "")
            found.append(Finding("join", text, number + 1, field))
        elif not {value for value, _ in mine} & {value for value, _ in theirs}:
            alike = nearest([mine[0][0]], theirs)
            there = f"nearest: {counted(alike)}" if alike else f"it has {counted(theirs[:3])}"
            text = f"`join {field}`: none of {len(mine):,} values ({counted(mine[:2])}) is among the {len(theirs):,} of the subsearch; {there}"
            found.append(Finding("join", text, number + 1, field, near=tuple(alike or theirs[:3])))
    if not found:
        found.append(
            Finding("join", f"no row agrees in all join fields with one of the {rows:,} of the subsearch", number + 1)
        )
    return found


EXPLAINERS: dict[str, Explainer] = {
    "search": _search,
    "where": _where,
    "regex": _regex,
    "join": _join,
    "selfjoin": _join,
}


# --- groups by fields that have no value


def _nulls(asked: Asked, number: int, command: Command) -> list[Finding]:
    """A command that leaves out rows without its fields (`stats … by`, `dedup`, `table`, `top`)."""
    names = [name for name in _group_fields(command) if name != "_time"]
    if not names:
        return []
    if number:
        prefix = asked.before(number)
    else:
        named = dataset_of(command)
        prefix = rows_of(*named) if named else (Command("search", tuple(command.clause("where") or ())),)
        where = command.clause("where")
        if named and where:
            prefix = (*prefix, Command("search", tuple(where)))
    nodes = [Call("isnotnull", (FieldName(name),), span=command.span) for name in names]
    patterns = asked.evidence.patterns(prefix, nodes, search=False)
    total = sum(patterns.values())
    blames = smallest(patterns)
    if not total or passing(patterns) or not blames:
        return []
    found: list[Finding] = []
    for position in blames[0].conditions:
        field = names[position]
        having = sum(n for key, n in patterns.items() if key[position] == "1")
        amount = f"{having:,} of {total:,} rows have" if having else f"none of {total:,} rows has"
        text = f"`{command.name} … {field}`: {amount} `{field}`"
        origin = whence(asked, number, field)
        if origin:
            text += f"; {origin[1]}"
        else:
            sample = asked.evidence.sample(prefix, LOOKED_AT)
            there = sorted({name for row in sample for name in row if not name.startswith("_")})
            like = nearest_field(field, [name for name in there if name != field])
            if like:
                text += f"; did you mean `{like}`? it has {counted(tally(sample, like)[:3])}"
            elif there and not found:
                text += f"; fields there: {listed(there)}"
        found.append(Finding("group", text, number + 1, field, matched=having, of=total))
    return found


def _group_fields(command: Command) -> list[str]:
    for keyword in ("by", "groupby", "over"):
        parts = command.clause(keyword)
        if parts:
            return [part.name for part in parts if isinstance(part, FieldName) and "*" not in part.name]
    if command.name in ("dedup", "table", "fields", "top", "rare"):
        return [part.name for part in command.of(FieldName) if "*" not in part.name]
    return []

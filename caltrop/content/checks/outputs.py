"""Which fields a search can give out, read off its syntax tree.

The answer is a set of names when the search closes it (stats, table, tstats, …), or "open" when any field of the data
may come through. Whatever is not known for sure leaves the set open: a check built on this never cries wolf.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase

from caltrop.content.model import MacroItem
from caltrop.spl import SplError, parse
from caltrop.spl.ast import (
    Aggregation,
    Alias,
    Assignment,
    Clause,
    Command,
    FieldFunction,
    FieldName,
    MacroCall,
    Node,
    Option,
    Pipeline,
    Subsearch,
    Word,
)

FindMacro = Callable[[str, int], MacroItem | None]
_GROUP = re.compile(r"\(\?P?<([A-Za-z_]\w*)>")
_MAX_DEPTH = 8


@dataclass(frozen=True, slots=True)
class Fields:
    """`names` (and `patterns` with *) that a result may have; `open` when there may be others, `gone` what is surely
    not among them."""

    open: bool = True
    names: frozenset[str] = frozenset()
    patterns: frozenset[str] = frozenset()
    gone: frozenset[str] = frozenset()

    def has(self, name: str) -> bool:
        """Whether a row may have the field."""
        if name in self.names:
            return True
        if any(fnmatchcase(name, pattern) for pattern in self.patterns):
            return True
        return self.open and name not in self.gone

    def adding(self, names: Iterator[str] | list[str] | set[str] | frozenset[str]) -> Fields:
        new = set(names)
        patterns = {n for n in new if "*" in n}
        plain = frozenset(new - patterns)
        return replace(self, names=self.names | plain, patterns=self.patterns | patterns, gone=self.gone - plain)

    def without(self, name: str) -> Fields:
        if "*" in name:
            names = frozenset(n for n in self.names if not fnmatchcase(n, name))
            return replace(self, names=names)
        return replace(self, names=self.names - {name}, gone=self.gone | {name})


OPEN = Fields()


def output_fields(pipeline: Pipeline, find: FindMacro) -> Fields:
    """Fields of the result of a search; macros that are stages of their own are looked into."""
    return _pipeline(pipeline, find, OPEN, 0)


def _pipeline(pipeline: Pipeline, find: FindMacro, start: Fields, depth: int) -> Fields:
    fields = start
    for stage in pipeline.commands:
        if isinstance(stage, MacroCall):
            fields = _macro(stage, find, fields, depth)
        else:
            fields = _command(stage, find, fields, depth)
    return fields


def _macro(call: MacroCall, find: FindMacro, fields: Fields, depth: int) -> Fields:
    macro = find(call.name, len(call.args))
    if macro is None or depth > _MAX_DEPTH:
        return OPEN
    text = macro.definition
    for name, value in zip(macro.arguments, call.args, strict=False):
        text = text.replace(f"${name}$", value.strip().strip('"'))
    if not text:
        return OPEN
    try:
        inner = parse(f"* | {text.lstrip().removeprefix('|')}")
    except SplError:
        return OPEN
    return _pipeline(Pipeline(commands=inner.commands[1:]), find, fields, depth + 1)


def _command(command: Command, find: FindMacro, fields: Fields, depth: int) -> Fields:
    name = command.name
    if name in _UNCHANGED:
        return fields
    rule = _RULES.get(name)
    if rule is not None:
        return rule(command, fields)
    if name in ("join", "append", "appendcols", "union", "multisearch", "selfjoin", "appendpipe"):
        return _combined(command, find, fields, depth)
    return OPEN


_UNCHANGED = frozenset(
    {
        "search", "where", "regex", "dedup", "head", "tail", "reverse", "sort", "mvexpand", "makemv", "nomv", "replace",
        "mvcombine", "filldown", "collect", "outputlookup", "outputcsv", "sendemail", "localop", "noop", "fieldformat",
        "highlight", "abstract", "tags", "typer", "reltime", "setfields", "eventtypes", "sendalert", "uniq",
    }
)  # fmt: skip


def _combined(command: Command, find: FindMacro, fields: Fields, depth: int) -> Fields:
    out = fields if command.name not in ("union", "multisearch") else Fields(open=False)
    for sub in command.of(Subsearch):
        start = fields if command.name == "appendpipe" else OPEN
        inner = _pipeline(sub.pipeline, find, start, depth + 1)
        if inner.open:
            return OPEN
        out = out.adding(inner.names)
    return out if command.of(Subsearch) else OPEN


def _closed(names: Iterator[str]) -> Fields:
    return Fields(open=False).adding(names)


def _by(command: Command, *keywords: str) -> Iterator[str]:
    for part in command.of(Clause):
        if part.keyword in keywords:
            for node in part.parts:
                if isinstance(node, FieldName):
                    yield node.name
                elif isinstance(node, Option) and node.name == "span":
                    yield "_time"


def _aggregated(command: Command) -> Iterator[str]:
    for node in command.parts:
        if isinstance(node, Aggregation):
            yield node.alias or node.text


def _wild(command: Command) -> bool:
    """`values(*)` without a name of its own makes one column a field; `as *` hands every field through."""
    return any("*" in (a.alias or a.text) for a in command.of(Aggregation))


def _by_macro(command: Command) -> bool:
    """A macro among the aggregations or the BY fields may bring any."""
    clauses = [node for part in command.of(Clause) if part.keyword in ("by", "as") for node in part.parts]
    loose = [n for n in command.parts if isinstance(n, MacroCall)] if command.name != "tstats" else []
    return any(isinstance(node, MacroCall) for node in [*clauses, *loose])


def _stats(command: Command, fields: Fields) -> Fields:
    if _by_macro(command):
        return OPEN
    if _wild(command):
        if fields.open or command.name == "tstats":
            return OPEN
        return fields.adding(_by(command, "by"))
    return _closed(iter([*_aggregated(command), *_by(command, "by")]))


def _beside(command: Command, fields: Fields) -> Fields:
    return OPEN if _wild(command) or _by_macro(command) else fields.adding(_aggregated(command))


def _chart(command: Command, fields: Fields) -> Fields:
    split = [*_by(command, "by"), *_by(command, "over")]
    if len(split) > (0 if command.name == "timechart" else 1) or _by_macro(command):
        return OPEN
    time = ["_time"] if command.name == "timechart" else []
    return _closed(iter([*_aggregated(command), *split, *time]))


def _table(command: Command, fields: Fields) -> Fields:
    names = {n.name for n in command.of(FieldName)}
    if any(isinstance(p, MacroCall) for p in command.parts):
        return OPEN
    wild = {n for n in names if "*" in n}
    kept = {n for n in names - wild if fields.has(n)}
    if fields.open:
        return _closed(iter(kept | wild))
    return _closed(iter(kept | {n for n in fields.names if any(fnmatchcase(n, w) for w in wild)}))


def _fields(command: Command, fields: Fields) -> Fields:
    sign = next((w.text for w in command.of(Word) if w.text in ("-", "+")), "+")
    if sign == "-":
        for node in command.of(FieldName):
            fields = fields.without(node.name)
        return fields
    return _table(command, fields).adding(["_time", "_raw"])


def _eval(command: Command, fields: Fields) -> Fields:
    targets = [a.target for a in command.of(Assignment)]
    if any(c in target for target in targets for c in "{<") or any(isinstance(p, MacroCall) for p in command.parts):
        return OPEN
    return fields.adding(targets)


def _rename(command: Command, fields: Fields) -> Fields:
    out = fields
    if any(isinstance(p, MacroCall) for p in command.parts):
        return OPEN
    for alias in command.of(Alias):
        out = _renamed(out, alias.source.name, alias.target.name)
    return out


def _renamed(fields: Fields, old: str, new: str) -> Fields:
    if "*" not in old:
        return fields.without(old).adding([new])
    pattern = re.compile("(.*)".join(re.escape(part) for part in old.split("*")) + r"\Z", re.S)
    out = replace(fields, gone=frozenset()) if fields.open else fields
    for name in fields.names:
        match = pattern.match(name)
        if match:
            parts = iter(match.groups())
            target = re.sub(r"\*", lambda _, parts=parts: next(parts, ""), new)  # type: ignore[misc]
            out = out.without(name).adding([target])
    return out


def _rex(command: Command, fields: Fields) -> Fields:
    if command.option("mode") == "sed":
        return fields
    if any(isinstance(p, MacroCall) for p in command.parts):
        return OPEN
    names = [g for w in command.of(Word) for g in _GROUP.findall(w.text)]
    offset = command.option("offset_field")
    return fields.adding(names + ([str(offset)] if offset else []))


def _lookup(command: Command, fields: Fields) -> Fields:
    outputs = [p for p in command.of(Clause) if p.keyword in ("output", "outputnew")]
    if not outputs:
        return OPEN
    names: list[str] = []
    for clause in outputs:
        for node in clause.parts:
            if isinstance(node, Alias):
                names.append(node.target.name)
            elif isinstance(node, FieldName):
                names.append(node.name)
    return fields.adding(names)


def _spath(command: Command, fields: Fields) -> Fields:
    output, path = command.option("output"), command.option("path")
    words = [n.name if isinstance(n, FieldName) else n.text for n in command.parts if isinstance(n, FieldName | Word)]
    name = output or path or (words[0] if words else None)
    return fields.adding([str(name)]) if name else OPEN


def _convert(command: Command, fields: Fields) -> Fields:
    return fields.adding([f.alias for f in command.of(FieldFunction) if f.alias])


def _named(command: Command, fields: Fields) -> Fields:
    """fillnull and bin: named fields, and an alias, come to be."""
    names = [n.name for n in command.parts if isinstance(n, FieldName) and n.name != "as"]
    names += [n.target.name for n in command.of(Alias)]
    return fields.adding(names)


def _top(command: Command, fields: Fields) -> Fields:
    extra = [str(command.option("countfield") or "count"), str(command.option("percentfield") or "percent")]
    own = [n.name for n in command.of(FieldName)]
    return _closed(iter([*own, *_by(command, "by"), *extra]))


def _iplocation(command: Command, fields: Fields) -> Fields:
    if command.option("prefix"):
        return OPEN
    more = ["Continent", "MetroCode", "Timezone", "City", "Country", "Region", "lat", "lon"]
    return fields.adding(more)


def _last_word(command: Command, fields: Fields) -> Fields:
    nodes: list[Node] = [n for n in command.parts if isinstance(n, Word | FieldName)]
    if not nodes:
        return OPEN
    last = nodes[-1]
    return fields.adding([last.name if isinstance(last, FieldName) else last.text])  # type: ignore[attr-defined]


def _adding(*names: str) -> Callable[[Command, Fields], Fields]:
    return lambda _, fields: fields.adding(list(names))


_RULES: dict[str, Callable[[Command, Fields], Fields]] = {
    "stats": _stats,
    "tstats": _stats,
    "eventstats": _beside,
    "streamstats": _beside,
    "chart": _chart,
    "timechart": _chart,
    "table": _table,
    "fields": _fields,
    "eval": _eval,
    "rename": _rename,
    "rex": _rex,
    "lookup": _lookup,
    "spath": _spath,
    "convert": _convert,
    "fillnull": _named,
    "bin": _named,
    "bucket": _named,
    "discretize": _named,
    "top": _top,
    "rare": _top,
    "iplocation": _iplocation,
    "strcat": _last_word,
    "addinfo": _adding("info_min_time", "info_max_time", "info_sid", "info_search_time"),
    "transaction": _adding("duration", "eventcount", "closed_txn", "field_match_sum", "linecount"),
    "makeresults": lambda command, _: OPEN if command.parts else Fields(open=False, names=frozenset({"_time"})),
}

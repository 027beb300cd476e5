"""erex: a field extracted by a regular expression that is learnt from example values (Search Reference: erex).

The expression is the text that stands before every example, the shape that the examples share, and what ends them. It
is right when it finds every example where one is, and no counterexample; the most specific one that is right is used.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Sequence

import polars as pl

from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.registry import command
from caltrop.engine.table import Table, render
from caltrop.spl.ast import Command, FieldName

CONTEXT = 24  # characters in front of an example that are looked at
_RUN = re.compile(r"\d+|[A-Za-z]+|\s+|.", re.DOTALL)


@command("erex", note="The expression that is learnt is ours, not the one that Splunk would learn.")
def erex(table: Table, cmd: Command, ctx: Context) -> Table:
    """Learns from examples=, adds the field, and tells the expression in a message."""
    fields = [f.name for f in cmd.of(FieldName)]
    examples, counters = _listed(cmd, "examples"), _listed(cmd, "counterexamples")
    most = cmd.option("maxtrainers", 100)
    if len(fields) != 1 or not examples:
        raise SearchError("'erex' needs a field and examples", node=cmd, hint='write erex port examples="22,443"')
    if isinstance(most, bool) or not isinstance(most, int) or not 1 <= most <= 1000:
        raise SearchError(f"'erex' maxtrainers={most} is no whole number from 1 to 1000", node=cmd)
    name = str(cmd.option("fromfield", "_raw"))
    if name not in table:
        raise SearchError(f"'erex': the results have no field {name!r}", node=cmd)
    column = render(table.frame.get_column(name))
    texts = [text for text in column.to_list() if isinstance(text, str)]
    trainers = [(t, e) for t in texts for e in examples if e in t][:most]
    missing = [e for e in examples if not any(e == found for _, found in trainers)]
    if missing:
        raise SearchError(f"'erex': no result holds the example {missing[0]!r}", node=cmd)
    pattern = _learnt(trainers, [(t, c) for t in texts for c in counters if c in t][:most])
    if pattern is None:
        raise SearchError("'erex' learnt no expression from these examples", node=cmd, hint="use rex")
    ctx.info(f"Successfully learned regex: {pattern.replace('(', f'(?P<{fields[0]}>', 1)}")
    values = [None if not isinstance(t, str) or not (m := re.search(pattern, t)) else m[1] for t in column.to_list()]
    return table.with_frame(table.frame.with_columns(pl.Series(fields[0], values, dtype=pl.String)))


def _listed(cmd: Command, option: str) -> list[str]:
    return [text.strip() for text in str(cmd.option(option) or "").split(",") if text.strip()]


def _learnt(trainers: Sequence[tuple[str, str]], others: Sequence[tuple[str, str]]) -> str | None:
    """The first expression (group 1 is the value) that is right."""
    before = [text[: text.index(example)][-CONTEXT:] for text, example in trainers]
    after = [text[text.index(example) + len(example) :][:1] for text, example in trainers]
    values = list(dict.fromkeys(example for _, example in trainers))
    for left, shape, right in itertools.product(_lefts(before), _shapes(values), _rights(after)):
        pattern = f"{left}({shape}){right}"
        finds = (re.search(pattern, text) for text, _ in trainers)
        right_ones = all(m and m[1] == example for m, (_, example) in zip(finds, trainers, strict=True))
        if right_ones and not any((m := re.search(pattern, text)) and m[1] == wrong for text, wrong in others):
            return pattern
    return None


def _lefts(before: Sequence[str]) -> Iterator[str]:
    """What may stand in front: the common end of all contexts with numbers generalised, shorter and shorter, then nothing."""
    common = min(before, key=len)
    while not all(text.endswith(common) for text in before):
        common = common[1:]
    runs = _RUN.findall(common)
    if len(runs) > 1 and len(common) == CONTEXT:
        runs = runs[1:]  # perhaps half a word
    while runs:
        yield "".join(r"\d+" if run.isdigit() else r"\s+" if run.isspace() else re.escape(run) for run in runs)
        runs = runs[2:] if len(runs) > 4 else runs[1:]
    if all(not text for text in before):
        yield "^"
    yield r"\b"
    yield ""


def _shapes(values: Sequence[str]) -> Iterator[str]:
    """Shapes that all values have: the same runs of digits, letters and signs, else one class of characters."""
    split = [_RUN.findall(value) for value in values]
    if len({len(runs) for runs in split}) == 1:
        yield "".join(_of_runs(runs) for runs in zip(*split, strict=True))
    letters = "".join(sorted({c for value in values for c in value if not c.isalnum() and not c.isspace()}))
    kinds = r"\w" + (r"\s" if any(c.isspace() for v in values for c in v) else "")
    yield f"[{kinds}{re.escape(letters)}]+"


def _of_runs(runs: Sequence[str]) -> str:
    if all(run.isdigit() for run in runs):
        return r"\d+"
    if all(run.isspace() for run in runs):
        return r"\s+"
    if len(set(runs)) == 1:
        return re.escape(runs[0]) if not runs[0].isalpha() else r"[A-Za-z]+"
    return r"\w+" if all(run.isalnum() for run in runs) else r"\S"


def _rights(after: Sequence[str]) -> Iterator[str]:
    """What may follow: nothing, the same character everywhere, the end."""
    yield ""
    if len(set(after)) == 1:
        yield f"(?={re.escape(after[0])})" if after[0] else "$"
    yield r"\b"

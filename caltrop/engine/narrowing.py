"""The rows of a segment that a search expression matches: which can match before extraction, and which do after it.

What is cheap goes first: time, then fields, then words in the events that those leave. Where the segment remembers which events meet
a term (`answers.py`), that is taken; a term that is asked for the second time is tested for all events, and remembered.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce

import polars as pl

from caltrop.engine import matching
from caltrop.engine.answers import LEAST, Answer, Answers
from caltrop.spl.ast import And, Comparison, Directive, Keyword, Membership, Node, Not, Or

_ROW = "\x00row"
_MOVING = frozenset({"_time", "_indextime"})  # compared with numbers that come from the clock
_LONG = 64  # values of a list (of a subsearch, as a rule) that is not worth remembering
_MANY = 0.25  # of the events: from there on all are tested


def has_raw_needs(node: Node) -> bool:
    return any(isinstance(n, Keyword | Directive) for n in node.walk())


def _mixes(node: Node) -> bool:
    """Whether both words and fields are asked for."""
    return has_raw_needs(node) and any(isinstance(item, Comparison | Membership) for item in node.walk())


# --- before extraction --------------------------------------------------------------------------------------------------


def possible(node: Node, within: pl.Expr | None, events: pl.DataFrame, answers: Answers | None) -> pl.DataFrame:
    """Those events of a segment (all of them) that are `within` the time range and have the words without which none matches."""
    if not has_raw_needs(node):
        return events if within is None else events.filter(within)
    if answers is not None and events.height >= LEAST:
        terms = (item for item in _leaves(node) if isinstance(item, Keyword | Directive))
        if all(answers.get(term) is not None for term in terms) or answers.again(("possible", node)):
            found = _words(node, events, answers)
            if found is False:
                return events.clear()
            events = events if found is True else events.filter(found)
            return events if within is None else events.filter(within)
    events = events if within is None else events.filter(within)
    return events.filter(raw_needs(node))


def raw_needs(node: Node) -> pl.Expr:
    """What the text of an event must have for the expression to match."""
    if isinstance(node, And):
        return reduce(lambda a, b: a & b, map(raw_needs, node.items), pl.lit(True))
    if isinstance(node, Or) and node.items:
        return reduce(lambda a, b: a | b, map(raw_needs, node.items), pl.lit(False))
    if isinstance(node, Keyword | Directive):
        pieces = matching.literals(node.text)
        if not pieces:
            return pl.lit(True)
        return reduce(lambda a, b: a & b, (pl.col("_raw").str.contains(piece) for piece in pieces)).fill_null(True)
    return pl.lit(True)


def _words(node: Node, events: pl.DataFrame, answers: Answers) -> Answer:
    """Like `raw_needs`, by the words themselves."""
    if isinstance(node, And | Or) and node.items:
        return _joined([_words(item, events, answers) for item in node.items], decides=isinstance(node, Or))
    return _term(node, events, matching.nothing_known, answers) if isinstance(node, Keyword | Directive) else True


# --- after it -----------------------------------------------------------------------------------------------------------


def rows(frame: pl.DataFrame, nodes: Sequence[Node], known: matching.Known) -> pl.Series:
    """Row numbers of the events that match all of the expressions; each sees only the rows that the ones before it left. A frame that
    has the numbers of its rows already (`numbered`) keeps them."""
    frame = frame if _ROW in frame.columns else numbered(frame)
    *before, last = nodes
    for node in before:
        frame = _matching(node, frame, known)
    if _mixes(last):
        return _matching(last, frame, known).get_column(_ROW)
    return frame.lazy().filter(matching.predicate(last, frame, known)).select(_ROW).collect().get_column(_ROW)


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index(_ROW)


def _matching(node: Node, rows: pl.DataFrame, known: matching.Known) -> pl.DataFrame:
    """The rows that match. Words are looked for in the text of those alone that the fields beside them leave: looking for one takes
    many times as long as comparing a field."""
    if isinstance(node, And) and _mixes(node):
        fields = tuple(item for item in node.items if not has_raw_needs(item))
        for item in (*((And(fields),) if fields else ()), *(item for item in node.items if has_raw_needs(item))):
            rows = _matching(item, rows, known)
        return rows
    if isinstance(node, Or) and _mixes(node):
        apart = [item for item in node.items if isinstance(item, And | Or) and _mixes(item)]
        together = tuple(item for item in node.items if item not in apart)
        branches = [*apart, *([Or(together)] if together else [])] if apart else []
        if branches:
            found = pl.concat([_matching(item, rows, known).get_column(_ROW) for item in branches])
            return rows.filter(pl.col(_ROW).is_in(found.unique().implode()))
    return rows.filter(matching.predicate(node, rows, known))


# --- with what is remembered ----------------------------------------------------------------------------------------------


def remembers(nodes: Sequence[Node], frame: pl.DataFrame) -> bool:
    """Whether what the expressions ask of these events is worth remembering, and has nothing that may be refused."""
    return frame.height >= LEAST and matching.plain(*nodes)


def remembered(
    frame: pl.DataFrame, nodes: Sequence[Node], within: pl.Expr | None, known: matching.Known, answers: Answers
) -> pl.Series:
    """Row numbers of those of a segment's events (all of them are given) that are `within` the range and match all expressions."""
    height = frame.height
    mask: Answer = True if within is None else _series(frame.select(within.fill_null(False)), height)
    left = height if mask is True else _count(mask, height)
    waiting: list[Node] = []
    for item in sorted((part for node in nodes for part in _parts(node)), key=has_raw_needs):
        if not left:
            return pl.Series(_ROW, [], dtype=pl.UInt32)
        if (
            _known(item, answers)
            or answers.again(item)
            or (left > height * _MANY and not waiting and not (isinstance(item, Or) and _mixes(item)))
        ):
            mask = _joined([mask, _answer(item, frame, known, answers)], decides=False)
            left = _count(mask, height)
        else:
            waiting.append(item)
    if not left:
        return pl.Series(_ROW, [], dtype=pl.UInt32)
    if not waiting:
        return _numbers(height) if isinstance(mask, bool) else _numbers(height).filter(mask)
    numbers = numbered(frame)
    return rows(numbers if isinstance(mask, bool) else numbers.filter(mask), waiting, known)


def _parts(node: Node) -> Iterator[Node]:
    """What all have to match."""
    if isinstance(node, And):
        for item in node.items:
            yield from _parts(item)
    else:
        yield node


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, And | Or):
        for item in node.items:
            yield from _leaves(item)
    elif isinstance(node, Not):
        yield from _leaves(node.operand)
    else:
        yield node


def _known(node: Node, answers: Answers) -> bool:
    return all(answers.get(term) is not None for term in _leaves(node))


def _answer(node: Node, frame: pl.DataFrame, known: matching.Known, answers: Answers) -> Answer:
    """Which of all the events match."""
    if isinstance(node, And | Or):
        decides = isinstance(node, Or)
        found: list[Answer] = []
        for item in node.items:
            found.append(_answer(item, frame, known, answers))
            if found[-1] is decides:
                return decides
        return _joined(found, decides=decides)
    if isinstance(node, Not):
        inner = _answer(node.operand, frame, known, answers)
        return not inner if isinstance(inner, bool) else ~inner
    return _term(node, frame, known, answers)


def _term(node: Node, frame: pl.DataFrame, known: matching.Known, answers: Answers) -> Answer:
    found = answers.get(node)
    if found is None:
        found = _tested(node, frame, known)
        if not (isinstance(node, Comparison | Membership) and node.field.name in _MOVING) and not (
            isinstance(node, Membership) and len(node.values) > _LONG
        ):
            answers.put(node, found)
    return found


def _tested(node: Node, frame: pl.DataFrame, known: matching.Known) -> Answer:
    if isinstance(node, Keyword | Directive):  # in events that have its characters, of which there are few as a rule
        some = numbered(frame.select("_raw")).filter(raw_needs(node))
        if some.height <= frame.height * _MANY:
            met = some.filter(matching.predicate(node, some)).get_column(_ROW)
            return _of_rows(met, frame.height)
    found = matching.test(node, frame, known)
    return found if isinstance(found, bool) else _decided(_series(frame.select(found), frame.height))


def _of_rows(numbers: pl.Series, height: int) -> Answer:
    if not len(numbers):
        return False
    mask = pl.Series("match", [False]).new_from_index(0, height)
    return _decided(mask.scatter(numbers, True))


def _series(frame: pl.DataFrame, height: int) -> pl.Series:
    """The one column, at full length."""
    mask = frame.to_series()
    return mask if len(mask) == height else mask.new_from_index(0, height)


def _decided(mask: pl.Series) -> Answer:
    if not mask.any():
        return False
    return True if mask.all() else mask


def _joined(found: Sequence[Answer], *, decides: bool) -> Answer:
    """Any of the answers, or (`decides` False) all of them."""
    masks: list[pl.Series] = []
    for answer in found:
        if answer is decides:
            return decides
        if not isinstance(answer, bool):
            masks.append(answer)
    if not masks:
        return not decides
    return reduce((lambda a, b: a | b) if decides else (lambda a, b: a & b), masks)


def _count(mask: Answer, height: int) -> int:
    return height * mask if isinstance(mask, bool) else int(mask.sum())


def _numbers(height: int) -> pl.Series:
    return pl.int_range(height, dtype=pl.UInt32, eager=True).alias(_ROW)

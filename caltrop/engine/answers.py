"""Which events of a segment meet a term of a search expression, kept for the searches that follow.

A segment never changes, so that a term is tested once for all of its events: a word, a phrase, a comparison of a field that is kept.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Hashable

import polars as pl

from caltrop.spl.ast import Node

LEAST = 4_096  # events of a segment, below which testing anew costs as little
_SOME = 64  # terms that some of the events meet: a bit an event each
_ALL = 4_096  # terms that all of them meet, or none
_ASKED = 8_192  # expressions that were asked for

Answer = pl.Series | bool  # Boolean, a row an event, without nulls; a bool where all events agree


class Answers:
    """What is known of the events of one segment; of each kind, what was not asked for longest is forgotten. Safe to use from several
    threads."""

    def __init__(self) -> None:
        self._some: OrderedDict[Node, pl.Series] = OrderedDict()
        self._all: OrderedDict[Node, bool] = OrderedDict()
        self._asked: set[int] = set()
        self._lock = threading.Lock()

    @staticmethod
    def size(events: int) -> int:
        """Bytes that the answers about so many events take at most, about."""
        return _SOME * (events // 8 + 1) if events >= LEAST else 0

    def get(self, term: Node) -> Answer | None:
        """None: not known."""
        with self._lock:
            decided = self._all.get(term)
            if decided is not None:
                self._all.move_to_end(term)
                return decided
            found = self._some.get(term)
            if found is not None:
                self._some.move_to_end(term)
            return found

    def put(self, term: Node, answer: Answer) -> None:
        with self._lock:
            if isinstance(answer, bool):
                self._all[term] = answer
                if len(self._all) > _ALL:
                    self._all.popitem(last=False)
            else:
                self._some[term] = answer
                if len(self._some) > _SOME:
                    self._some.popitem(last=False)

    def again(self, what: Hashable) -> bool:
        """Whether somebody asked for this before: then its terms are worth testing for all events."""
        key = hash(what)  # two that have the same one cost time, nothing else
        with self._lock:
            if key in self._asked:
                return True
            if len(self._asked) >= _ASKED:
                self._asked.clear()
            self._asked.add(key)
            return False

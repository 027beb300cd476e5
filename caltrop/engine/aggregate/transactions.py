"""Which events belong together: the state machine behind `transaction` (Search Reference, "transaction").

Events come newest first, as Splunk reads them, so an event that matches `endswith` opens a transaction and one that matches
`startswith` closes it. Pure logic over plain values: no frames here.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds and counts; a negative limit is none. `closing` says whether a limit or startswith was asked for: only these
    close a transaction."""

    maxspan: float = -1.0
    maxpause: float = -1.0
    maxevents: int = 1000
    starts: bool = False
    ends: bool = False
    connected: bool = True
    unifyends: bool = True
    maxopentxn: int = 5000
    maxopenevents: int = 100_000
    closing: bool = False
    fields: bool = True  # whether there are fields to unite by


@dataclass(frozen=True, slots=True)
class Event:
    """`values` holds, for each field to unite by, the values of the event (empty when it lacks the field)."""

    row: int
    time: float
    values: tuple[frozenset[str], ...]
    starts: bool = False
    ends: bool = False


@dataclass(slots=True)
class Transaction:
    number: int
    rows: list[int]
    values: list[frozenset[str]]
    newest: float
    oldest: float
    has_end: bool
    has_start: bool = False
    matches: int = 0
    closed: bool = False


@dataclass(slots=True)
class _Pool:
    """Open transactions, least recently used first, and an index of them by field value."""

    open: OrderedDict[int, Transaction] = field(default_factory=OrderedDict)
    by_value: dict[tuple[int, str], OrderedDict[int, None]] = field(default_factory=dict)
    events: int = 0

    def candidates(self, event: Event, rules: Rules) -> list[Transaction]:
        """Transactions that share a value with the event, most recently used first."""
        if not rules.fields:
            return list(self.open.values())[::-1]
        found: dict[int, None] = {}
        for position, values in enumerate(event.values):
            for value in values:
                for number in reversed(self.by_value.get((position, value), ())):
                    found[number] = None
        shared = [self.open[number] for number in found]
        if not rules.connected:
            shared += [t for t in reversed(self.open.values()) if t.number not in found and _disjoint(t, event)]
        return shared

    def add(self, transaction: Transaction, event: Event) -> None:
        self.open[transaction.number] = transaction
        self.open.move_to_end(transaction.number)
        self.events += 1
        for position, values in enumerate(event.values):
            transaction.values[position] |= values
            for value in values:
                owners = self.by_value.setdefault((position, value), OrderedDict())
                owners[transaction.number] = None
                owners.move_to_end(transaction.number)

    def remove(self, transaction: Transaction) -> None:
        del self.open[transaction.number]
        self.events -= len(transaction.rows)
        for position, values in enumerate(transaction.values):
            for value in values:
                owners = self.by_value[(position, value)]
                del owners[transaction.number]
                if not owners:
                    del self.by_value[(position, value)]


def _disjoint(transaction: Transaction, event: Event) -> bool:
    """None of the event's fields has a value in the transaction yet."""
    return all(not (mine and theirs) for mine, theirs in zip(transaction.values, event.values, strict=True))


def _consistent(transaction: Transaction, event: Event) -> bool:
    """No field has different values in the two."""
    return all(
        not mine or not theirs or mine & theirs for mine, theirs in zip(transaction.values, event.values, strict=True)
    )


def group(events: Iterable[Event], rules: Rules) -> tuple[list[Transaction], list[int]]:
    """Transactions in the order in which they were finished (`closed` false: evicted), and rows that belong to none."""
    pool = _Pool()
    done: list[Transaction] = []
    orphans: list[int] = []
    count = 0

    def finish(transaction: Transaction, *, evicted: bool = False) -> None:
        pool.remove(transaction)
        complete = (transaction.has_start or not rules.starts) and (transaction.has_end or not rules.ends)
        transaction.closed = complete and not evicted and rules.closing
        done.append(transaction)

    for event in events:
        stray = rules.fields and not any(event.values)
        if stray and (rules.unifyends or not (event.starts or event.ends)):
            orphans.append(event.row)
            continue
        target = None
        for transaction in list(pool.open.values())[::-1] if stray else pool.candidates(event, rules):
            if not _consistent(transaction, event):
                continue
            if _exceeds(transaction, event, rules):
                finish(transaction)
            elif event.ends and rules.ends:
                finish(transaction)  # what came later cannot lie before an end
            else:
                target = transaction
                break
        if target is None:
            target = Transaction(
                count, [], [frozenset()] * len(event.values), event.time, event.time, has_end=event.ends
            )
            count += 1
        pool.add(target, event)
        target.rows.append(event.row)
        target.oldest = event.time
        target.matches += sum(1 for values in event.values if values)
        if event.starts:
            target.has_start = True
            finish(target)
        elif 0 < rules.maxevents <= len(target.rows):
            finish(target)
        while (0 < rules.maxopentxn < len(pool.open)) or (0 < rules.maxopenevents < pool.events):
            finish(next(iter(pool.open.values())), evicted=True)
    for transaction in list(pool.open.values()):
        finish(transaction)
    return done, orphans


def _exceeds(transaction: Transaction, event: Event, rules: Rules) -> bool:
    """Whether adding the event would make the transaction or a pause in it too long."""
    return (0 <= rules.maxspan < transaction.newest - event.time) or (
        0 <= rules.maxpause < transaction.oldest - event.time
    )

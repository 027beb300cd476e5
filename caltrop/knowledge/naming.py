"""The source type of data that comes without one: by its source, else by rules over its lines (props.conf.spec).

Order of precedence, as "Why source types matter" gives it: a `[source::…]` stanza with `sourcetype =`, `[rule::…]`, what the
reader recognises by itself, `[delayedrule::…]`. A rule holds when all its `MORE_THAN_<n>` and `LESS_THAN_<n>` do: more, or
less, than n of a hundred lines match the pattern. Rules of one kind are tried in the order of their names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from caltrop.dialect import patterns
from caltrop.dialect.patterns import Regex, RegexError
from caltrop.knowledge.asking import Fault
from caltrop.knowledge.configuration import MergedStanza, disabled
from caltrop.knowledge.props import Props

LINES = 1000  # of a file that are looked at
_SHARE = re.compile(r"(MORE|LESS)_THAN_(\d+(?:\.\d+)?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rule:
    """`shares` are (more, percent, pattern)."""

    sourcetype: str
    shares: tuple[tuple[bool, float, Regex], ...]

    def holds(self, lines: pl.Series) -> bool:
        for more, percent, regex in self.shares:
            share = 100 * int(regex.matches(lines).fill_null(False).sum()) / max(len(lines), 1)
            if not (share > percent if more else share < percent):
                return False
        return True


class SourceTypes:
    """The rules of the index-time context; stanzas that are no rules are in `faults`."""

    def __init__(self, stanzas: Mapping[str, MergedStanza], props: Props) -> None:
        self.faults: list[Fault] = []
        self._props = props
        self._rules = self._read(stanzas, "rule::")
        self._delayed = self._read(stanzas, "delayedrule::")

    def _read(self, stanzas: Mapping[str, MergedStanza], prefix: str) -> list[Rule]:
        found = []
        for name in sorted(n for n in stanzas if n.startswith(prefix)):
            stanza = stanzas[name]
            if disabled(stanza):
                continue
            shares = []
            for key, setting in sorted(stanza.settings.items()):
                share = _SHARE.fullmatch(key)
                if share is None:
                    continue
                try:
                    regex = patterns.compile(setting.value)
                except RegexError as error:
                    self.faults.append(Fault(setting.place, f"{key}: {error.message}"))
                    break
                shares.append((share[1].upper() == "MORE", float(share[2]), regex))
            else:
                if shares:
                    found.append(Rule(stanza.get("sourcetype") or name.removeprefix(prefix), tuple(shares)))
                else:
                    self.faults.append(Fault(stanza.place(), f"[{name}] has neither MORE_THAN_ nor LESS_THAN_"))
        return found

    def before(self, source: str, host: str, head: str) -> str | None:
        """What the source or a rule says, before the reader recognises anything by itself."""
        setting = self._props.settings(source, "", host).get("sourcetype")
        if setting is not None and setting.value.strip():
            return setting.value.strip()
        return _first(self._rules, head)

    def after(self, source: str, host: str, head: str) -> str | None:
        """What a delayed rule says, where nothing else did."""
        return _first(self._delayed, head)


def _first(rules: Sequence[Rule], head: str) -> str | None:
    if not rules:
        return None
    lines = pl.Series(head.splitlines()[:LINES], dtype=pl.String)
    with patterns.budget(lenient=True):
        return next((rule.sourcetype for rule in rules if len(lines) and rule.holds(lines)), None)

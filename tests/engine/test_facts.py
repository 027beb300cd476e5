"""What commands declare of themselves, held against what they do in every conformance case."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import polars as pl
import pytest

from caltrop.conformance import NOW, build_instance, event_frame, read_cases
from caltrop.engine import registry
from caltrop.engine.context import Context
from caltrop.engine.instance import Instance
from caltrop.engine.table import Table, chosen
from caltrop.errors import CaltropError
from caltrop.spl.ast import Command
from caltrop.spl.commands import declaration_of
from caltrop.spl.facts import anything, unknown
from caltrop.spl.fieldsets import OPEN, Fields

# Run twice they would write twice.
WRITING = {"collect", "outputlookup", "outputcsv", "mcollect", "meventcollect", "delete", "sendalert", "map"}
# Of commands that have no case here.
ROWS = '| makeresults count=4 | streamstats count AS n | eval m=n%2, ip="8.8.8.8", lat=n, lon=n, t="a &amp; b" '
EXAMPLES = [
    "search a=* | search a=1 | abstract maxlines=1 | tags host | typer | iconify a b",
    *(
        f"{ROWS} | {command}"
        for command in (
            "accum n AS total", "addtotals n m", "filldown n", "fields n m | iplocation ip", "iplocation ip", "reverse",
            "rtorder | localop | noop", "tail 2", "uniq", "xmlunescape", "geostats count", "outputcsv rows",
            "sendemail to=a@example.com", "sirare m", "sichart count by m", "table n m | uniq", "rename n AS k | where k>1",
        )
    ),
]  # fmt: skip
FURTHER = "further"
ANCHOR = "_anchor"  # holds the rows of a frame that is left without columns
CASES = Path(__file__).parents[1] / "conformance"


class Observer:
    """Runs commands in place of the registry, beside what they declare. `faults` says what did not hold."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.narrowed: set[registry.Run] = set()  # the commands that were run without fields that they do not read
        self.closed: set[registry.Run] = set()  # those whose fields were told in full

    def wrap(self, entry: registry.CommandEntry) -> registry.Run:
        def run(table: Table, command: Command, context: Context) -> Table:
            out = entry.run(table, command, context)
            self._gives(entry, table, command, out)
            if entry.name not in WRITING:
                self._reads(entry, table, command, context)
                self._sets(entry, table, command, context, out)
                self._by_row(entry, table, command, context, out)
            return out

        return run

    def _gives(self, entry: registry.CommandEntry, table: Table, command: Command, out: Table) -> None:
        declared = declaration_of(command.name)
        if declared.combines is not None:  # what the subsearch gives comes in besides
            return
        given = declared.gives(command, Fields(open=False, names=frozenset(table.fields)))
        if not given.open:
            self.closed.add(entry.run)
        valued = [c.name for c in out.frame if c.null_count() < len(c)]  # table shows a field that is not there
        more = [name for name in valued if not given.has(name)]
        if more:
            self.faults.append(f"{command.name} gives {more}: {command}")
        back = [name for name in valued if name in declared.gives(command, OPEN).gone]
        if back:
            self.faults.append(f"{command.name} still has {back}: {command}")

    def _sets(self, entry: registry.CommandEntry, table: Table, command: Command, context: Context, out: Table) -> None:
        """The same rows come of the command whatever was in the fields that it sets and does not read."""
        declared = declaration_of(command.name)
        names = sorted(declared.sets(command) - (declared.reads(command) or frozenset(table.fields)))
        if not names or not len(table):
            return
        other = table.frame.with_columns(pl.Series(n, ["other"] * len(table), dtype=pl.String) for n in names)
        again = entry.run(table.with_frame(other), command, context)
        left, right = (chosen(t.frame, [n for n in out.fields if n in t.fields]) for t in (out, again))
        if not left.equals(right):
            self.faults.append(f"{command.name} leaves something of {names}: {command}")

    def _by_row(
        self, entry: registry.CommandEntry, table: Table, command: Command, context: Context, out: Table
    ) -> None:
        """What filters or arranges rows makes the same of them, with the same columns, whatever rows are beside them."""
        declared = declaration_of(command.name)
        if not (declared.filters or declared.arranges) or not len(table):
            return
        alone = [entry.run(table.with_frame(row), command, context).frame for row in table.frame.iter_slices(1)]
        if not pl.concat(alone).equals(out.frame):
            self.faults.append(f"{command.name} does not take each row by itself: {command}")
        if declared.arranges and any(frame.height != 1 for frame in alone) and len(out):
            self.faults.append(f"{command.name} does not leave each row: {command}")

    def _reads(self, entry: registry.CommandEntry, table: Table, command: Command, context: Context) -> None:
        """The same rows come of the command with a further field, and with those fields alone that it reads."""
        declared = declaration_of(command.name)
        read = declared.reads(command)
        if read is None or (command.name == "search" and "_raw" not in table):  # words are then looked for everywhere
            return
        wide = table.frame.with_columns(pl.Series(FURTHER, [f"{i}" for i in range(len(table))], dtype=pl.String))
        unread = [name for name in wide.columns if name != "_time" and not any(fnmatchcase(name, r) for r in read)]
        if not unread:
            return
        out = entry.run(table.with_frame(wide), command, context)
        self.narrowed.add(entry.run)
        narrow = pl.DataFrame({ANCHOR: [""] * len(table)}).hstack(wide.drop(unread).get_columns())
        alone = entry.run(table.with_frame(narrow), command, context)
        left = [name for name in out.fields if name not in unread]
        kept = [name for name in out.fields if name in unread and name not in alone.fields]
        if declared.keeps_only_named(command) and kept:
            self.faults.append(f"{command.name} keeps {kept}: {command}")
        if sorted(left) != sorted({*alone.fields} - {*unread, ANCHOR}):
            self.faults.append(f"{command.name} reads one of {unread}, fields {left} against {alone.fields}: {command}")
        elif len(out) != len(alone):
            self.faults.append(f"{command.name} reads one of {unread}, {len(out)} against {len(alone)} rows: {command}")
        elif not chosen(out.frame, left).equals(chosen(alone.frame, left)):
            self.faults.append(f"{command.name} reads one of {unread}: {command}")


@pytest.fixture(scope="module")
def observed(tmp_path_factory: pytest.TempPathFactory) -> Observer:
    """Everything that was seen while the cases ran."""
    registry.load()
    observer = Observer()
    watched = {
        name: registry.CommandEntry(entry.name, entry.kind, observer.wrap(entry), entry.note)
        for name, entry in registry.commands.items()
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(registry, "commands", watched)
        for case in read_cases(CASES):
            instance = build_instance(case.data, tmp_path_factory.mktemp("case"))
            with instance.store:
                try:
                    for text in (*case.data.get("before", ()), case.data["search"]):
                        instance.search(text, earliest=case.data.get("earliest"), latest=case.data.get("latest"))
                except CaltropError:
                    if "expect_error" not in case.data:
                        raise
        for search in EXAMPLES:
            instance = Instance(tmp_path_factory.mktemp("own"), [], now=NOW)
            with instance.store:
                instance.store.create_index("main")
                instance.store.append(event_frame([{"_raw": "a=1 b=2"}, {"_raw": "a=3"}]))
                instance.search(search)
    return observer


@pytest.mark.slow
def test_what_commands_declare_is_what_they_do(observed: Observer) -> None:
    assert not observed.faults, "\n".join(observed.faults)


@pytest.mark.slow
def test_every_declared_fact_was_held_against_behaviour(observed: Observer) -> None:
    """Names of one command count as one; `nothing` is seen by running it, too."""
    entries = registry.commands.values()
    unread = [
        e.name for e in entries if declaration_of(e.name).reads is not anything and e.run not in observed.narrowed
    ]
    ungiven = [e.name for e in entries if declaration_of(e.name).gives is not unknown and e.run not in observed.closed]
    # What is deleted cannot be deleted again with other fields; sendalert needs the alert actions of a server.
    assert (unread, ungiven) == (["delete"], ["sendalert"])

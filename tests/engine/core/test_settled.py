"""What commands make of no rows: known without running, and the same as running."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from caltrop.engine import registry, settled
from caltrop.engine.aggregate import functions, group
from caltrop.engine.commands import tstats as tstats_module
from caltrop.engine.context import Context
from caltrop.engine.errors import SearchError
from caltrop.engine.execute import Engine
from caltrop.engine.instance import Instance
from caltrop.engine.table import MULTIVALUE, Table, rowless
from caltrop.spl import parse
from caltrop.spl.ast import Aggregation, Command

SCHEMA: dict[str, pl.DataType] = {
    "_time": pl.Float64(), "_raw": pl.String(), "a": pl.String(), "b": pl.Float64(), "c": MULTIVALUE, "d": pl.Int64(),
}  # fmt: skip
COMMANDS = [
    "eval x=a+1, y=mvappend(a, c), _time=now(), z=null()", 'eval "new name"=if(b>1, "x", c)', "where a=b", "where isnull(zz)",
    "rex field=a \"(?<w>\\w+)\"", "rex field=c max_match=0 \"(?<w>\\w+)\"", 'regex a="x"', "rename a AS x, b AS c",
    "rename a* AS x*", "fields a, _time", "fields - a", "table zz, a", "replace x WITH y IN a", "fillnull value=0 a zz",
    "fillnull", "sort - a, b", "dedup a", "dedup zz keepempty=t", "head 3", "head a=1", "reverse", "uniq",
    "convert ctime(b) ctime(c) num(a) AS n rmcomma(c)", "convert auto(*)", 'strcat a " " c x', "rangemap field=b low=1-2",
    "bin b span=10", "bin _time span=1h", "makemv a", "mvexpand c", "eventstats count by a", "streamstats sum(b) AS s by c",
    "stats count, values(c) AS v, max(b), avg(a), latest(d), sparkline(count) by a, c, zz", "stats count", "xmlkv", "addtotals",
    "stats sum(eval(b*2)) AS s by a", "stats perc95(b), per_c BY a",
]  # fmt: skip


@pytest.fixture
def ctx() -> Context:
    registry.load()
    return Context(Instance(None), Engine(), 1_700_000_000.0)


def command(text: str) -> tuple[registry.CommandEntry, Command]:
    read = parse(f"| {text}").commands[0]
    assert isinstance(read, Command)
    return registry.commands[read.name], read


@pytest.mark.parametrize("text", COMMANDS)
def test_remembered_is_the_same_as_run(text: str, ctx: Context) -> None:
    entry, read = command(text)
    assert entry.settled, entry.name
    for events in (False, True):
        for schema in (SCHEMA, {}, {"c": pl.String(), "a": MULTIVALUE}):
            table = Table(rowless(schema), events=events)
            try:
                run = entry.run(table, read, ctx)
            except SearchError as error:
                for _ in range(2):
                    with pytest.raises(SearchError, match=error.message.partition("(")[0][:20]):
                        settled.run(entry, table, read, ctx)
                continue
            for _ in range(2):
                found = settled.run(entry, table, read, ctx)
                assert found.frame.schema == run.frame.schema
                assert found.events == run.events and found.frame.equals(run.frame)


def test_what_looks_elsewhere_or_says_something_is_run_each_time(ctx: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def noted(entry: registry.CommandEntry) -> registry.CommandEntry:
        def run(table: Table, cmd: Command, ctx: Context) -> Table:
            ran.append(cmd.name)
            return entry.run(table, cmd, ctx)

        return registry.CommandEntry(entry.name, entry.kind, run, settled=entry.settled)

    empty = Table(rowless(SCHEMA))
    for text, times in [
        ("eval x=a", 1),
        ('eval x=if(searchmatch("x"), 1, 2)', 2),
        ("stats count", 2),
        ("sendemail to=a", 2),
    ]:
        entry, read = command(text)
        ran.clear()
        for _ in range(2):
            settled.run(noted(entry), empty, read, ctx)
        assert len(ran) == times, text
    entry, read = command("eval x=a")
    ran.clear()
    for _ in range(2):
        settled.run(noted(entry), Table(pl.DataFrame({"a": ["1"]})), read, ctx)
    assert len(ran) == 2  # rows are never remembered


def test_the_same_words_over_the_same_columns_are_run_once(ctx: Context) -> None:
    ran: list[str] = []

    def run(table: Table, cmd: Command, ctx: Context) -> Table:
        ran.append(cmd.name)
        return registry.commands[cmd.name].run(table, cmd, ctx)

    for text, schema, times in [
        ("eval same=a.b", SCHEMA, 1),
        ("eval   same = a . b", SCHEMA, 1),  # another tree, the same words
        ("eval same=a.b", {**SCHEMA, "a": pl.Float64()}, 2),
        ("eval same=a.c", SCHEMA, 3),
        ('eval same=a."b"', SCHEMA, 4),
    ]:
        entry, read = command(text)
        noted = registry.CommandEntry(entry.name, entry.kind, run, settled=entry.settled)
        found = settled.run(noted, Table(rowless(schema)), read, ctx)
        assert len(ran) == times, text
        assert found.frame.schema == entry.run(Table(rowless(schema)), read, ctx).frame.schema


@pytest.mark.parametrize("dtype", [pl.String(), pl.Float64(), pl.Int64(), MULTIVALUE, pl.Null()])
def test_the_groups_of_no_rows_have_the_types_of_every_function(
    dtype: pl.DataType, ctx: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = pl.DataFrame(schema={"_time": pl.Float64, "x": dtype, "k": dtype})
    for name in sorted({*functions.names()} - {"sparkline"}):
        read = command(f"stats {name}(x) AS y, count AS n by k")[1]
        aggregations = group_arguments(read)
        try:
            short = group.aggregate(frame, aggregations, ["k"], ctx)
        except SearchError:
            continue  # a function of timechart
        with monkeypatch.context() as patch:
            patch.setattr(group, "_simple", lambda _: False)
            full = group.aggregate(frame, aggregations, ["k"], ctx)
        assert short.schema == full.schema, name
        assert not short.height and not full.height


def group_arguments(read: Command) -> list[Aggregation]:
    return list(read.of(Aggregation))


MODEL = """{"modelName": "M", "objects": [{"objectName": "D", "parentName": "BaseEvent",
 "constraints": [{"search": "kind=sale"}], "fields": [{"fieldName": "user"}, {"fieldName": "_time"}],
 "calculations": [{"calculationType": "Eval", "expression": "upper(user)", "outputFields": [{"fieldName": "up"}]}]}]}"""


@pytest.mark.parametrize(
    "rest",
    [
        "count where D.user=a by D.user, D.up", "count min(_time) AS t values(D.*) AS * by _time span=1h, D.user",
        "count by nodename", 'count dc(D.zz) where D.user IN (a, "b*") word by D.zz fillnull_value=x', "count",
        "count where D.user>3 NOT D.up=x by D.user D.user.x fillnull_value=0",
    ],
)  # fmt: skip
def test_a_dataset_without_rows(rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a" / "default" / "data" / "models" / "M.json"
    path.parent.mkdir(parents=True)
    path.write_text(MODEL)
    instance = Instance(None, [tmp_path / "a"])
    instance.store.create_index("main")
    search, _, by = rest.partition(" by ")
    where = search.partition(" where ")
    text = (
        f"| tstats {where[0]} from datamodel=M.D {'where ' + where[2] if where[1] else ''} {'by ' + by if by else ''}"
    )
    short = instance.search(text, app="a").table.frame
    monkeypatch.setattr(tstats_module, "_rowless", lambda *_: None)
    full = instance.search(text, app="a").table.frame
    assert short.schema == full.schema and short.equals(full)

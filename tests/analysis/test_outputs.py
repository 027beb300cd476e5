"""Which fields a search gives out."""

from __future__ import annotations

import pytest

from caltrop.analysis import Known, analyse
from caltrop.spl import Macro

KNOWN = {
    ("drop_dm_object_name", 1): Macro("drop_dm_object_name", ("o",), 'rename "$o$.*" as "*"'),
    ("ctime", 1): Macro("ctime", ("f",), "convert ctime($f$)"),
    ("own", 0): Macro("own", (), "stats count AS n by host"),
}


@pytest.mark.parametrize(
    ("search", "yes", "no"),
    [
        ("index=x", "anything", ""),
        ("index=x | fields - user", "host", "user"),
        ("index=x | stats count min(_time) as first values(a) by b, c", "count first values(a) b c", "_time a user"),
        ("index=x | stats count by b | eval d=1, e=2 | rename b as f", "count d e f", "b g"),
        ("index=x | stats count by b | table b d*", "b", "count dog"),
        ("index=x | table b c*", "b cat", "d"),
        ("index=x | fields b", "b _time _raw", "c"),
        ("| tstats count from datamodel=A.B where B.x=1 by B.dest _time span=1h", "count B.dest _time", "dest B.x"),
        ("| tstats count from datamodel=A by A.dest A.user | `drop_dm_object_name(A)`", "dest user", "A.dest src"),
        ('| tstats count from datamodel=A by A.dest | `drop_dm_object_name("A")`', "dest", "A.dest"),
        ("| tstats count from datamodel=A by A.dest | rename A.* as *", "dest count", "A.dest"),
        ("index=x | stats count by a | lookup l a OUTPUT b c AS d", "a b d", "c"),
        ("index=x | stats count by a | lookup l a", "whatever", ""),
        ('index=x | stats count by a | rex field=a "(?<b>.)(?P<c>.)"', "b c", "d"),
        ("index=x | stats count by a | eventstats sum(count) as t | streamstats count as n", "t n a", "z"),
        ("index=x | stats count by a | iplocation a", "City Country lat", "user"),
        ("index=x | top limit=3 a by b", "a b count percent", "c"),
        ("index=x | timechart span=1h count", "_time count", "user"),
        ("index=x | timechart span=1h count by user", "anything", ""),
        ("index=x | chart count over a by b", "anything", ""),
        ("index=x | stats count by a | join a [search y | stats dc(z) as dz by a]", "dz count", "z"),
        ("index=x | stats count by a | append [| inputlookup foo]", "anything", ""),
        ("index=x | stats count by a | `ctime(count)` | sort - count | head 3 | dedup a", "a count", "b"),
        ("index=x | `own`", "n host", "user"),
        ("index=x | stats count by a | `unknown_macro`", "anything", ""),
        ("index=x | stats count by a | somecommand x=1", "anything", ""),
        ("index=x | stats values(*) as * by a", "anything", ""),
        ("index=x | stats count by a b | stats values(*) as * by a", "a b count", "c"),
        ("index=x | stats count by `fields`", "anything", ""),
        ("index=x | stats count by a | spath input=a path=p.q output=r", "r", "p.q"),
        ("index=x | stats count by a | spath input=a", "anything", ""),
        ("index=x | stats count by a | fillnull value=0 b | bin count as c", "b c", "d"),
        ("index=x | stats count by a | eval {a}=1", "anything", ""),
        ("index=x | stats count by a | addinfo | foreach x* [eval y=1]", "anything", ""),
        ("index=x | stats count by a | union [search index=y | stats sum(b) as b by c]", "a count b c", "d"),
        ("| union [search index=y | stats count by c]", "c count", "a"),
        ("index=x | stats count by a | setfields s=1 | tags a", "s a tag", "b"),
        ("index=x | fields a | eval t=_indextime", "_indextime t a", "b"),
        ("index=x | transaction host | table host duration", "host duration", "eventcount"),
    ],
)
def test_fields_of_the_result(search: str, yes: str, no: str) -> None:
    reading = analyse(search, Known(macro=lambda name, arity: KNOWN.get((name, arity)))).reading
    assert reading is not None
    fields = reading.runs[0].output
    assert [n for n in yes.split() if not fields.has(n)] == []
    assert [n for n in no.split() if fields.has(n)] == []

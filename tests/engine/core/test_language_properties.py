"""Small random pipelines end in rows or in an error that says what is wrong, never in an internal one."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.engine.errors import SearchError
from caltrop.engine.instance import Instance
from caltrop.engine.table import render
from caltrop.spl import SplError, parse, unparse
from tests.examples import examples

BOUNDED = examples(120)
INSTANCE = Instance(now=1_700_000_000.0)

fields = st.sampled_from(["_time", "a", "b", "n", "m", "nothere", "size (MB)"])
names = fields.map(lambda name: f'"{name}"' if " " in name else name)
values = st.sampled_from(
    ['"x"', '"["', '"%"', '"5"', "5", "-2.5", "0.50", 'split("1,x,2",",")', 'strftime(_time,"%F")', "null()", "a*0.5", "n*n",
     "tostring(n)", "match(a,b)", 'if(match(a,b),"y",n)', "replace(a,b,m)", "tonumber(a,n)", "tostring(n,a)", "mvrange(0,n,a)",
     "relative_time(_time,a)", "strptime(a,b)", "round(n,a)", "$a$", "printf(a,n)", "substr(a,n,b)", "like(a,b)", "exact(n*0.5)"]
)  # fmt: skip
functions = st.sampled_from(
    ["count", "sum", "avg", "max", "min", "values", "dc", "latest", "list", "median", "range", "stdev", "mode", "rate"]
)
aggregations = st.builds(lambda f, x: "count" if f == "count" else f"{f}({x})", functions, names)
texts = st.sampled_from(["n", "-a", "2", "a", "b AS c", "", "n, a", "a | head 1", "1d"])
inserted = texts.map(lambda text: f'[| makeresults | eval s="{text}" | return $s]')
stages = st.one_of(
    st.builds(lambda f, v: f"eval {f.strip(chr(34))}={v}", names, values),
    st.builds(lambda f: f"where {f}", values),
    st.builds(lambda a, f: f"stats {a} by {f}", aggregations, names),
    st.builds(lambda a, f: f"eventstats {a} by {f}", aggregations, names),
    st.builds(lambda a, f: f"streamstats {a} by {f}", aggregations, names),
    st.builds(lambda a, f: f"chart {a} by {f} span=2", aggregations, names),
    st.builds(lambda a, f, g: f"chart {a} over {f} by {g}", aggregations, names, names),
    st.builds(lambda a, f: f"timechart {a} by {f}", aggregations, names),
    st.builds(lambda f: f"timechart span=1d {f}", aggregations),
    st.builds(lambda f, g: f"rename {f} -> {g}", names, names),
    st.builds(lambda f: f"sort - {f}", names),
    st.builds(lambda f: f"dedup ({f})", names),
    st.builds(lambda f: f"bin {f} span=2", names),
    st.builds(lambda f: f"mvexpand({f})", names),
    st.builds(lambda f: f"transaction ({f} maxspan=1h)", names),
    st.builds(lambda f: f"fields- {f}", names),
    st.builds(lambda f: f"top {f}", names),
    st.builds(lambda f: f"makecontinuous {f}", names),
    st.builds(lambda f: f"foreach {f} fieldstr=# [eval q=#]", names),
    st.builds(lambda c, s: f"{c} {s}", st.sampled_from(["head", "sort", "tail", "table", "dedup", "bin _time span="]), inserted),
    st.sampled_from(["fields", "where", "reverse", "fillnull", "transpose", "accum n", "delta _time", "addtotals", "timewrap 1d",
                     "append [| makeresults]", "convert ctime(_time)", "trendline sma2(n)", "fieldsummary", "untable a b n", "xyseries a b n",
                     "streamstats time_window=1h count", "concurrency duration=n", "rex field=a (?<q>.)", "regex a=x", "search a=* OR _time>5"]),
)  # fmt: skip
START = (
    '| makeresults count=3 | streamstats count AS n | eval a=case(n=1,"[",n=2,"x",1=1,"7.50"), '
    'b=if(n<3,"y",null()), m=if(n=2,split("p,q",","),"p")'
)


@BOUNDED
@given(st.lists(stages, min_size=1, max_size=4))
def test_never_an_internal_error(chosen: list[str]) -> None:
    search = " | ".join([START, *chosen])
    try:
        table = INSTANCE.search(search).table
    except (SplError, SearchError) as error:
        assert not re.match(r"'\w+' failed: ", error.message), f"{search}\n{error.message}"
        return
    assert all(len(render(column)) == len(table) for column in table.frame.get_columns())


@BOUNDED
@given(st.lists(stages, min_size=1, max_size=4))
def test_prints_as_it_reads(chosen: list[str]) -> None:
    search = " | ".join([START, *chosen])
    try:
        tree = parse(search)
    except SplError:
        return
    assert parse(unparse(tree)) == tree


def test_a_path_with_a_character_that_xml_has_not_is_an_error() -> None:
    with pytest.raises(SearchError, match="is no XPath expression"):
        INSTANCE.search('| makeresults | xpath "\x00"')

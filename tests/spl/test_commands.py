"""The tree of each command family: which parts, which types, in the ways people write them."""

from __future__ import annotations

import pytest

from caltrop.spl import SplError, known_commands, parse
from caltrop.spl.ast import (
    Aggregation,
    Alias,
    And,
    Assignment,
    Binary,
    Call,
    Clause,
    Command,
    Comparison,
    Directive,
    FieldFunction,
    FieldName,
    Keyword,
    Literal,
    MacroCall,
    Node,
    NodeOption,
    Option,
    Raw,
    SortKey,
    Subsearch,
    Word,
)


def command(spl: str) -> Command:
    """The last stage of a search."""
    last = parse(f"| makeresults | {spl}").commands[-1]
    assert isinstance(last, Command)
    return last


def f(name: str, quoted: bool = False) -> FieldName:
    return FieldName(name, quoted)


def eq(field: str, value: str, quoted: bool = False) -> Comparison:
    return Comparison(f(field), "=", Word(value, quoted))


COUNT = Aggregation("count", None, None, "count")

CASES: list[tuple[str, tuple[Node, ...]]] = [
    # options: typed, anywhere, white space around the sign, unknown ones as written
    ("makeresults count=3 annotate=T", (Option("count", 3), Option("annotate", True))),
    ("bin span = 5m _time AS t", (Option("span", "5m"), Alias(f("_time"), f("t")))),
    ("bin _time span=1d AS day", (Alias(f("_time"), f("day")), Option("span", "1d"))),
    ("kmeans t=.5 x", (Option("t", 0.5), f("x"))),
    ("head limit=`n`", (NodeOption("limit", MacroCall("n")),)),
    ("sendalert risk param.X=$a.b$", (Word("risk"), Option("param.X", "$a.b$"))),
    ("makemv delim=, x", (Option("delim", ","), f("x"))),
    ("collect index=[search a | return $x]", (Raw("index="), command("append [search a | return $x]").of(Subsearch)[0])),
    ("stats `f`(a) AS x", (Aggregation("`f`", FieldName("a"), "x", "`f`(a)"),)),
    ("stats sum(`p`_x)", (Aggregation("sum", FieldName("`p`_x"), None, "sum(`p`_x)"),)),
    ("eval a=`f`(b)", (Assignment("a", Call("`f`", (FieldName("b"),))),)),
    ("convert `f`(a)", (FieldFunction("`f`", FieldName("a"), None),)),
    ("foreach a fieldstr=@ [eval @=@+1]", (FieldName("a"), Option("fieldstr", "@"), Raw("eval @=@+1"))),
    # fields
    ("fields - a, b*", (Word("-"), f("a"), f("b*"))),
    ("table a{}.b eai:acl.app \"c d\" 'e'", (f("a{}.b"), f("eai:acl.app"), f("c d", True), f("e", True))),
    ("rename a AS b, *.c as * \"d e\" AS 'f'", (Alias(f("a"), f("b")), Alias(f("*.c"), f("*")), Alias(f("d e", True), f("f", True)))),
    ("rename count(eval(x=1)) AS n", (Alias(f("count(eval(x=1))"), f("n")),)),
    ("replace a WITH b, \"c *\" with d IN x, y", (Word("a"), Clause("with", (Word("b"),)), Word("c *", True), Clause("with", (Word("d"),)), Clause("in", (f("x"), f("y"))))),
    ("return 5 a u=b $c", (Option("count", 5), f("a"), Alias(f("b"), f("u")), Word("$c"))),
    # counts and order
    ("head 5", (Option("limit", 5),)),
    ("head (x>1) null=t", (Binary(">", f("x"), Literal(1)), Option("null", True))),
    ("dedup 2 a sortby -b keepevents=t", (Option("limit", 2), f("a"), Clause("sortby", (SortKey(f("b"), True),)), Option("keepevents", True))),
    ("sort 0 -a, + b num(c) - ip(d)", (Option("limit", 0), SortKey(f("a"), True), SortKey(f("b")), SortKey(f("c"), kind="num"), SortKey(f("d"), True, "ip"))),
    ("sort a desc", (SortKey(f("a")), Word("desc"))),
    ("sort a, d", (SortKey(f("a")), SortKey(f("d")))),
    ("sort d", (SortKey(f("d")),)),
    ("sort by 1, a", (SortKey(f("1")), SortKey(f("a")))),
    ("top 3 a by b showperc=f", (Option("limit", 3), f("a"), Clause("by", (f("b"),)), Option("showperc", False))),
    # regular expressions: \\ and \" are escapes in quotes, every other backslash stays
    (r'rex field=a max_match=0 "\"(?<b>\\\d+)"', (Option("field", "a"), Option("max_match", 0), Word(r'"(?<b>\\d+)', True))),
    (r'rex "x=(?<y>\w)" field=a', (Word(r"x=(?<y>\w)", True), Option("field", "a"))),
    (r"rex user=(?<u>[^|\s]+)$", (Word(r"user=(?<u>[^|\s]+)$"),)),
    (r'regex a!="\d|x"', (Comparison(f("a"), "!=", Word(r"\d|x", True)),)),
    (r'regex "a=\d"', (Word(r"a=\d", True),)),
    # eval
    ("eval a=1, \"b c\"=2, 'd.e'=3, f.g=4, {h}_i=5", tuple(Assignment(n, Literal(i)) for i, n in enumerate(["a", "b c", "d.e", "f.g", "{h}_i"], 1))),
    ("eval a=1 `c` `d`", (Assignment("a", Literal(1)), MacroCall("c"), MacroCall("d"))),
    ("where a=b `c`", (Binary("==", f("a"), f("b")), MacroCall("c"))),
    ("where a=b", (Binary("==", f("a"), f("b")),)),
    ("convert timeformat=\"%F\" ctime(a*) AS b, num(c)", (Option("timeformat", "%F", True), FieldFunction("ctime", f("a*"), "b"), FieldFunction("num", f("c")))),
    # aggregations
    ("stats count, dc(a) AS n values(b) by c, d", (COUNT, Aggregation("dc", f("a"), "n", "dc(a)"), Aggregation("values", f("b"), None, "values(b)"), Clause("by", (f("c"), f("d"))))),
    ("stats C(x) AS \"a b\"", (Aggregation("c", f("x"), "a b", "C(x)"),)),
    ("stats sum( \"a b\" )", (Aggregation("sum", f("a b", True), None, "sum(a b)"),)),
    ("stats count(eval(a=1))", (Aggregation("count", Binary("==", f("a"), Literal(1)), None, "count(eval(a=1))"),)),
    ("stats perc99.9(x) sparkline(count,1h) AS t", (Aggregation("perc99.9", f("x"), None, "perc99.9(x)"), Aggregation("sparkline", COUNT, "t", "sparkline(count, 1h)", ("1h",)))),
    ("stats `m` AS x by `b`", (Aggregation("`m`", MacroCall("m"), "x", "`m`"), Clause("by", (MacroCall("b"),)))),
    ("timechart eval(avg(a)/2) AS h", (Aggregation("eval", Binary("/", Call("avg", (f("a"),)), Literal(2)), "h", "eval(avg(a)/2)"),)),
    ("timechart span=1h count by a limit=top5 where sum in top3", (Option("span", "1h"), COUNT, Clause("by", (f("a"),)), Option("limit", "top5"), Clause("where", (Word("sum"), Word("in"), Word("top3"))))),
    ("chart count over a span=10 by b", (COUNT, Clause("over", (f("a"), Option("span", "10"))), Clause("by", (f("b"),)))),
    ('streamstats count reset_after="("a==\\"b\\"")"', (COUNT, NodeOption("reset_after", Binary("==", f("a"), Literal("b"))))),
    ("streamstats count reset_before=(a>1)", (COUNT, NodeOption("reset_before", Binary(">", f("a"), Literal(1))))),
    ("transaction a startswith=(b=1 c) endswith=eval(x>1) maxspan=5m", (f("a"), NodeOption("startswith", And((eq("b", "1"), Keyword("c")))), NodeOption("endswith", Call("eval", (Binary(">", f("x"), Literal(1)),))), Option("maxspan", "5m"))),
    # data models, metrics
    ("tstats summariesonly=t count from datamodel=M.D where D.a=1 by _time span=1h, D.b", (Option("summariesonly", True), COUNT, Clause("from", (Option("datamodel", "M.D"),)), Clause("where", (eq("D.a", "1"),)), Clause("by", (f("_time"), Option("span", "1h"), f("D.b"))))),
    ("tstats `so` count where index=a prestats=t groupby PREFIX(k=)", (MacroCall("so"), COUNT, Clause("where", (eq("index", "a"),)), Option("prestats", True), Clause("groupby", (Directive("PREFIX", "k="),)))),
    ("mstats avg(x) where index=a b=c span=30s by h", (Aggregation("avg", f("x"), None, "avg(x)"), Clause("where", (And((eq("index", "a"), eq("b", "c"))),)), Option("span", "30s"), Clause("by", (f("h"),)))),
    ('from datamodel:"M"."D"', (Word("datamodel"), Word("M.D", True))),
    ("from datamodel M.D", (Word("datamodel"), Word("M.D"))),
    # lookups and subsearches
    ("lookup local=t users uid AS u, dom OUTPUT name AS n", (Option("local", True), Word("users"), Alias(f("uid"), f("u")), f("dom"), Clause("output", (Alias(f("name"), f("n")),)))),
    ('inputlookup append=t x.csv where a="b" c>1', (Option("append", True), Word("x.csv"), Clause("where", (And((eq("a", "b", True), Comparison(f("c"), ">", Word("1")))),)))),
    ("rest /services/a?b=c splunk_server=local", (Word("/services/a?b=c"), Option("splunk_server", "local"))),
    # unknown commands
    ('mytool a=B c "d e", f(g)', (Option("a", "B"), Word("c"), Word("d e", True), Word("f(g)"))),
]  # fmt: skip


@pytest.mark.parametrize(("spl", "parts"), CASES, ids=[spl for spl, _ in CASES])
def test_parts(spl: str, parts: tuple[Node, ...]) -> None:
    assert command(spl).parts == parts


@pytest.mark.parametrize(
    ("spl", "first"),
    [
        ("append [search a | stats count]", "search"),
        ("append [| inputlookup a]", "inputlookup"),
        ("append [inputlookup a]", "inputlookup"),
        ("append [index=a]", "search"),
        ("append [a=b | head 1]", "search"),
        ("append [(a OR b)]", "search"),
        ("foreach * [eval <<FIELD>>=1]", "eval"),
    ],
)
def test_what_starts_a_subsearch(spl: str, first: str) -> None:
    inner = command(spl).of(Subsearch)[0].pipeline.commands[0]
    assert isinstance(inner, Command)
    assert inner.name == first


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ("rename a", "AS and a new name"),
        ("eval", "field=expression"),
        ("eval a=1 b=2", '","'),
        ("stats count(", "field name"),
        ("stats count(a", "parenthesis"),
        ("stats sum(a) AS", "after AS"),
        ("stats count by", "a field after by"),
        ("chart count over by x", "a field after over"),
        ("convert ctime", '"("'),
        ("where a=", "expression"),
        ("where a b", "another argument"),
        ("where a in 1", "list of values"),
        ("head 5 limit=5", "not both"),
        ("search a=", "a value for 'a'"),
        ("search a IN (b", "parenthesis"),
        ("search OR a", "before OR"),
        ("search a OR", "search term"),
        ("search NOT", "search term"),
        ("search =a", "search term"),
        ("append []", "between the brackets"),
        ("inputlookup a where", "search expression"),
        ("`", "unbalanced quotes"),
        ("``", "macro name"),
        ("a ```open", "comment"),
        ("(", "command"),
    ],
)
def test_refused_by_name(spl: str, message: str) -> None:
    with pytest.raises(SplError) as caught:
        command(spl)
    assert message in str(caught.value)
    assert caught.value.column > 1


def test_the_place_of_an_error_is_shown() -> None:
    with pytest.raises(SplError) as caught:
        parse("index=a\n| where x ==\n| head 5")
    error = caught.value
    assert (error.line, error.column) == (3, 1)
    assert error.underlined() == "| head 5\n^"


def test_search_reference_commands_are_declared() -> None:
    reference = [
        "abstract",
        "accum",
        "addcoltotals",
        "addinfo",
        "addtotals",
        "analyzefields",
        "anomalies",
        "anomalousvalue",
        "anomalydetection",
        "append",
        "appendcols",
        "appendpipe",
        "arules",
        "associate",
        "autoregress",
        "bin",
        "bucket",
        "bucketdir",
        "chart",
        "cluster",
        "cofilter",
        "collect",
        "concurrency",
        "contingency",
        "convert",
        "correlate",
        "datamodel",
        "dbinspect",
        "dedup",
        "delete",
        "delta",
        "diff",
        "erex",
        "eval",
        "eventcount",
        "eventstats",
        "extract",
        "fieldformat",
        "fields",
        "fieldsummary",
        "filldown",
        "fillnull",
        "findtypes",
        "folderize",
        "foreach",
        "format",
        "from",
        "fromjson",
        "gauge",
        "gentimes",
        "geom",
        "geomfilter",
        "geostats",
        "head",
        "highlight",
        "history",
        "iconify",
        "inputcsv",
        "inputlookup",
        "iplocation",
        "join",
        "kmeans",
        "kvform",
        "loadjob",
        "localize",
        "localop",
        "lookup",
        "makecontinuous",
        "makemv",
        "makeresults",
        "map",
        "mcollect",
        "metadata",
        "metasearch",
        "meventcollect",
        "mpreview",
        "mstats",
        "multikv",
        "multisearch",
        "mvcombine",
        "mvexpand",
        "nomv",
        "outlier",
        "outputcsv",
        "outputlookup",
        "outputtext",
        "overlap",
        "pivot",
        "predict",
        "rangemap",
        "rare",
        "redistribute",
        "regex",
        "relevancy",
        "reltime",
        "rename",
        "replace",
        "require",
        "rest",
        "return",
        "reverse",
        "rex",
        "rtorder",
        "run",
        "savedsearch",
        "script",
        "scrub",
        "search",
        "searchtxn",
        "selfjoin",
        "sendalert",
        "sendemail",
        "set",
        "setfields",
        "sichart",
        "sirare",
        "sistats",
        "sitimechart",
        "sitop",
        "sort",
        "spath",
        "stats",
        "strcat",
        "streamstats",
        "table",
        "tags",
        "tail",
        "timechart",
        "timewrap",
        "tojson",
        "top",
        "transaction",
        "transpose",
        "trendline",
        "tscollect",
        "tstats",
        "typeahead",
        "typelearner",
        "typer",
        "union",
        "uniq",
        "untable",
        "walklex",
        "where",
        "x11",
        "xmlkv",
        "xmlunescape",
        "xpath",
        "xyseries",
    ]
    assert set(reference) <= set(known_commands())

"""props: which stanzas apply, and how settings are read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.conf import place_of
from caltrop.dialect.patterns import RegexError
from caltrop.knowledge import Configuration, Knowledge, Setting, props
from caltrop.knowledge.props import Alias, name_pattern, plan, starting
from tests.examples import examples

from .conftest import MakeApp

PATTERNS = [
    ("/var/log/*", "/var/log/a", True),
    ("/var/log/*", "/var/log/a/b", False),
    ("/var/.../b", "/var/log/a/b", True),
    ("...a.log", "/x/a.log", True),
    ("...a.log", "/x/a_log", False),  # a dot is a dot
    (r"...a.log(.\d+)?", "a.log.3", True),
    ("a|b", "b", True),
    ("a", "xa", False),  # the whole name
    ("(?i)A*", "ab", True),
    ("WinEventLog:*", "WinEventLog:Sec/Op", False),
]


@pytest.mark.parametrize(("spec", "value", "expected"), PATTERNS)
def test_name_pattern(spec: str, value: str, expected: bool) -> None:
    assert (name_pattern(spec).bounded.search(value) is not None) is expected


@examples(300)
@given(st.text("aAb:/.*?|()-", max_size=8), st.text("aAb:/.-", max_size=8), st.booleans())
def test_nothing_that_matches_is_ruled_out_by_how_it_starts(spec: str, value: str, ignore_case: bool) -> None:
    try:
        matches = name_pattern(spec, ignore_case).bounded.search(value) is not None
    except RegexError:
        return
    text = value.lower() if ignore_case else value
    assert not matches or text.startswith(starting(spec, ignore_case))


def test_how_a_pattern_starts() -> None:
    specs = ["WinEventLog:*", "a b/c...", "ab?c", "ab|cd", "(?i)Ab*", "ab{0}", "", ":)?(", "a(b))?("]
    assert [starting(spec, False) for spec in specs] == ["WinEventLog:", "a b/c", "", "", "ab", "", "", "", ""]


PROPS = r"""
[default]
who = default
base = yes
[st]
who = sourcetype
[host::web*]
who = host
[source::/var/...]
who = source pattern
[source::/var/log/a]
who = source literal
[source::/pri/...]
who = low
priority = 5
[source::/pri/x...]
who = high
priority = 7
[source::/ascii/a...]
who = a
[source::/ascii/...]
who = dots
[(?::){0}wild:*]
who = wildcard sourcetype
[wild:one]
who = literal sourcetype
[old]
rename = st
who = never
[Old:Chain]
rename = old
[rule::x]
who = never
[Two:Cases]
who = written as the event
exact = yes
[two:cases]
who = folded
folded = yes
[(::){0}colons:*]
who = colons
[(:::){0}(?-i)Exact:*]
who = case counts
[(?:::){0}more:*]
who = more colons
[(two|three) words]
who = group
[source::C:\\logs\\a.log]
who = windows path
[source::C:\Windows\debug.log]
who = unescaped path
[source::....(?<!tar.)(gz|bz2)]
who = packed
[host::web1|web2]
who = either host
priority = 1
"""

# sourcetype, source, host -> who
WHO = [
    ("st", "s", "h", "sourcetype"),
    ("other", "s", "h", "default"),
    ("ST", "s", "h", "sourcetype"),  # the case of source types and hosts does not count
    ("st", "s", "WEB3", "host"),
    ("st", "s", "WEB1", "either host"),  # by priority
    ("st", "/var/x", "web1", "source pattern"),
    ("st", "/var/log/a", "web1", "source literal"),
    ("st", "/VAR/x", "h", "sourcetype"),
    ("st", "/pri/x1", "h", "high"),
    ("st", "/ascii/a1", "h", "dots"),  # the name that sorts first
    ("wild:two", "s", "h", "wildcard sourcetype"),
    ("wild:one", "s", "h", "literal sourcetype"),
    ("old", "s", "h", "sourcetype"),
    ("OLD", "s", "h", "sourcetype"),
    ("old:chain", "s", "h", "never"),  # renamed once
    ("Two:Cases", "s", "h", "written as the event"),
    ("two:cases", "s", "h", "folded"),
    ("colons:x", "s", "h", "colons"),
    ("Colons:X", "s", "h", "colons"),
    ("Exact:x", "s", "h", "case counts"),
    ("exact:x", "s", "h", "default"),
    ("more:x", "s", "h", "more colons"),
    ("three words", "s", "h", "group"),
    ("st", r"C:\logs\a.log", "h", "windows path"),
    ("st", r"C:\Windows\debug.log", "h", "unescaped path"),
    ("st", "/x/a.gz", "h", "packed"),
    ("st", "/x/a.tar.gz", "h", "sourcetype"),
    ("rule::x", "s", "h", "default"),
]


@pytest.mark.parametrize(("sourcetype", "source", "host", "who"), WHO)
def test_settings(make_app: MakeApp, sourcetype: str, source: str, host: str, who: str) -> None:
    knowledge = Knowledge(Configuration([make_app("a", {"default/props.conf": PROPS})]), "a")
    found = knowledge.props_for(source, sourcetype, host)
    assert (found["who"], found["base"]) == (who, "yes")


def test_stanzas_that_differ_in_case_are_merged(make_app: MakeApp) -> None:
    knowledge = Knowledge(Configuration([make_app("a", {"default/props.conf": PROPS})]), "a")
    found = knowledge.props_for("s", "Two:Cases", "h")
    assert (found["exact"], found["folded"]) == ("yes", "yes")


def test_renaming_is_of_search_time(make_app: MakeApp) -> None:
    knowledge = Knowledge(Configuration([make_app("a", {"default/props.conf": PROPS})]), "a")
    assert knowledge.index_time_props("s", "old")["who"] == "never"


def test_index_time_props_are_global(make_app: MakeApp) -> None:
    app = make_app("a", {"default/props.conf": "[st]\nLINE_BREAKER = x\nEVAL-a = 1\nKV_MODE = json\n"}, export=False)
    knowledge = Knowledge(Configuration([app]), "elsewhere")
    assert knowledge.index_time_props("s", "st") == {"LINE_BREAKER": "x"}
    assert knowledge.props_for("s", "st", "h") == {}


def test_plan_reads_what_it_can_and_reports_the_rest() -> None:
    texts = {
        "EXTRACT-b": r"(?<x>\d) in field_1",
        "EXTRACT-a": r"in (?<y>.)",
        "EXTRACT-bad": "(",
        "REPORT-r": "one, two",
        "FIELDALIAS-f": 'a AS b "c d" ASNEW e',
        "FIELDALIAS-bad": "a b c",
        "eval-n": "1+1",
        "LOOKUP-l": "t k AS f OUTPUTNEW v AS w u",
        "LOOKUP-bad": "t",
        "KV_MODE": "JSON",
    }
    place = Path("apps/a/default/props.conf")
    found = plan({key: Setting(value, place, number, "a") for number, (key, value) in enumerate(texts.items(), 1)})
    assert [(e.name, e.field, e.outputs) for e in found.extracts] == [("a", "_raw", ["y"]), ("b", "field_1", ["x"])]
    assert [(r.name, r.setting) for r in found.reports] == [("one", "REPORT-r"), ("two", "REPORT-r")]
    assert found.aliases == (Alias("a", "b", False), Alias("c d", "e", True))
    assert [(e.name, e.expression) for e in found.evals] == [("n", "1+1")]
    assert (found.lookups[0].inputs, found.lookups[0].outputs, found.lookups[0].keep) == (
        (("k", "f"),),
        (("v", "w"), ("u", "u")),
        True,
    )
    assert found.kv_mode == "json"
    assert [(f.place, f.what.partition(":")[0]) for f in found.faults] == [
        ("a/default/props.conf:3", "EXTRACT-bad"),
        ("a/default/props.conf:6", "FIELDALIAS-bad"),
        ("a/default/props.conf:9", "LOOKUP-bad"),
    ]


def test_modules_of_index_time_transforms_are_put_in(make_app: MakeApp) -> None:
    transforms = (
        "[w]\nREGEX = \\w+\n[t]\nREGEX = ([[w]])\n[broken]\nREGEX = [[gone:x]]\n[off]\nREGEX = x\ndisabled = 1\n"
    )
    knowledge = Knowledge(Configuration([make_app("a", {"default/transforms.conf": transforms})]), "a")
    found = knowledge.index_time_transform("t")
    assert found is not None and found["REGEX"] == r"((?:\w+))"
    assert place_of(found["REGEX"]) == "a/default/transforms.conf:4: "
    broken = knowledge.index_time_transform("broken")
    assert broken is not None and broken["REGEX"] == "[[gone:x]]"
    assert knowledge.index_time_transform("off") is None


@pytest.mark.parametrize("ignore_case", [False, True])
@pytest.mark.parametrize(
    "spec",
    [
        "(a|b...)", "(?i)(Xml)?WinEventLog:Sec", ".../var/log/(secure|auth.log)(.x)?", "a*b", "(?-i)A...", "(a", "a)", "a|b", "(a)??",
        "...", "", r".../(auth\.log|dmesg)(.\d+)?", r"a\d", r"x[:_ ]A", "[a.:]b", r"(\d+)?:*",
    ],
)  # fmt: skip
def test_patterns_of_words_are_read_alike_by_both_engines(spec: str, ignore_case: bool) -> None:
    quick = props._quick(spec, ignore_case)
    names = ["a", "b", "bx", "A", "axb", "a/b", "ab", "XmlWinEventLog:Sec", "wineventlog:sec", "x/var/log/auth.log.x", "/var/log/authxlog",
             "a\n", "", "x\ny", "x/auth.log.10", "x/authxlog", "/dmesg.", "/dmesg_1", "a7", "a12", "X_a", "x:A", ":b", ".b", "7:", "12:x/y"]  # fmt: skip
    if spec in ("(a", "a)", "(a)??"):
        assert quick is None
        return
    assert quick is not None
    slow = props.name_pattern(spec, ignore_case).bounded
    assert [quick.search(name) is not None for name in names] == [slow.search(name) is not None for name in names]


@pytest.mark.parametrize(
    "spec", [r"a\d?", "[:ab:]", "[a-c]", "[^a]", r"a\d+?", r"\d+\d+\d+", r"a\w", "(?:a)", "a+", "(a*...*b)", "é"]
)
def test_other_patterns_are_for_the_bounded_engine(spec: str) -> None:
    assert props._quick(spec, False) is None

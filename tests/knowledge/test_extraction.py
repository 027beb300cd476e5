"""Search-time fields: each operation, their order, and that `wanted` never changes a value."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.knowledge import Configuration, Knowledge, automatic, dynamic
from caltrop.knowledge.asking import Asker
from caltrop.knowledge.columns import from_pairs
from caltrop.knowledge.extraction import names_in_eval
from caltrop.knowledge.labels import names_in_search
from tests.examples import examples

from .conftest import MakeApp, events, row


def evaluate(expression: str, frame: pl.DataFrame) -> pl.Series:
    """Enough of eval for these tests: upper(field), field."field", a field, "text", null()."""

    def value(text: str) -> pl.Series:
        text = text.strip()
        if text.startswith('"'):
            return pl.Series([text[1:-1]]).new_from_index(0, frame.height)
        if text == "null()" or text not in frame.columns:
            return pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        return frame[text]

    if found := re.fullmatch(r"upper\((\w+)\)", expression):
        return value(found.group(1)).str.to_uppercase()
    result = value(expression.split("+")[0])
    for part in expression.split("+")[1:]:
        result = result + value(part)
    return result


def matches(search: str, frame: pl.DataFrame) -> pl.Series:
    """`field=value field=value`, all of them."""
    result = pl.Series([True]).new_from_index(0, frame.height)
    for term in search.split():
        name, _, value = term.partition("=")
        column = (
            frame[name] if name in frame.columns else pl.Series([None], dtype=pl.String).new_from_index(0, frame.height)
        )
        held = column.list.contains(value) if column.dtype == pl.List(pl.String) else column == value
        result = result & held.fill_null(False)
    return result


class Asked:
    """Knowledge asked by one search."""

    def __init__(self, knowledge: Knowledge, asker: Asker) -> None:
        self.knowledge = knowledge
        self._asker = asker

    def extract(self, frame: pl.DataFrame, wanted: set[str] | None = None) -> pl.DataFrame:
        return self.knowledge.extract(frame, wanted, self._asker)

    @property
    def problems(self) -> list[str]:
        return [str(met.fault) for met in self._asker.met]


@pytest.fixture
def know(make_app: MakeApp):  # type: ignore[no-untyped-def]
    """`know(props, transforms=…, **other conf)` -> the knowledge of an app with those files, and who asks."""

    def make(props: str, transforms: str = "", lookups: dict[str, str] | None = None, **confs: str) -> Asked:
        files = {"default/props.conf": props, "default/transforms.conf": transforms}
        files |= {f"default/{name}.conf": text for name, text in confs.items()}
        files |= {f"lookups/{name}": text for name, text in (lookups or {}).items()}
        return Asked(Knowledge(Configuration([make_app("app", files)]), "app"), Asker(evaluate, matches))

    return make


NONE = "KV_MODE = none\n"
# name: props, transforms, raw, fields
CASES: dict[str, tuple[str, str, str, dict[str, object]]] = {
    "extract": (NONE + r"EXTRACT-a = user=(?<who>\w+)", "", "user=bob", {"who": "bob"}),
    "extract in a field": (NONE + "EXTRACT-a = user=(?<who>\\w+)\nEXTRACT-b = ^(?<initial>.) in who", "", "user=bob", {"who": "bob", "initial": "b"}),
    "extract with look-behind": (NONE + r"EXTRACT-a = (?<=user=)(?<who>\w+)", "", "user=bob", {"who": "bob"}),
    "the first extraction of a field stays": (NONE + "EXTRACT-a = (?<x>a)\nEXTRACT-b = (?<x>b)", "", "b a", {"x": "a"}),
    "an empty group is no field": (NONE + r"EXTRACT-a = x(?<y>\d*)", "", "x", {}),
    "report with format": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\w+)/(\\d+)\nFORMAT = one::$1 two::n-$2", "a/1 b/2", {"one": "a", "two": "n-1"}),
    "report with names from the data": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\S+)=(\\S+)\nFORMAT = $1::$2", "a.b=1 c=2 a.b=3", {"a_b": "1", "c": "2"}),
    "mv_add": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\S+)=(\\S+)\nFORMAT = $1::$2\nMV_ADD = true", "a=1 b=2 a=3", {"a": ["1", "3"], "b": "2"}),
    "clean_keys off": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\S+)=(\\S+)\nFORMAT = $1::$2\nCLEAN_KEYS = false", "a.b=1", {"a.b": "1"}),
    "keep_empty_vals": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\w+)=(\\w*)\nFORMAT = $1::$2\nKEEP_EMPTY_VALS = true", "a= b=1", {"a": "", "b": "1"}),
    "source_key": (NONE + "EXTRACT-z = <(?<inner>.*)>\nREPORT-a = t", "[t]\nSOURCE_KEY = inner\nREGEX = (?<x>\\d)", "1 <2>", {"inner": "2", "x": "2"}),
    "source_key names metadata": (NONE + "REPORT-a = t", "[t]\nSOURCE_KEY = MetaData:Source\nREGEX = (?<x>s)", "1", {"x": "s"}),
    "several sources": (NONE + "EXTRACT-a = (?<x>a)(?<y>b)\nREPORT-a = t", "[t]\nSOURCE_KEY = fields:y,x\nREGEX = (?<z>b a)", "ab", {"x": "a", "y": "b", "z": "b a"}),
    "extract is dotall and multiline": (NONE + "EXTRACT-a = ^two(?<x>.*)$", "", "one\ntwo=\nend", {"x": "=\nend"}),
    "extracted values have no outer white space": (NONE + "EXTRACT-a = x=(?<x>[^;]*);(?<y>\\s+)", "", "x=\t a b \n;  ", {"x": "a b"}),
    "nor have those of a format": (NONE + "REPORT-a = t", "[t]\nREGEX = (\\w+)=([^;]+);\nFORMAT = $1::$2 first::\" $2 \"", "a= 1 ;b= ;", {"a": "1", "first": "1"}),
    "nor those of _VAL_": (NONE + "REPORT-a = t", "[t]\nREGEX = (?<_KEY_1>\\w+)=(?<_VAL_1>[^;]+);", "a= 1 ;", {"a": "1"}),
    "delims without fields take turns": (NONE + "REPORT-a = t", '[t]\nDELIMS = " :"', "a: 1  b 2", {"a": "1", "b": "2"}),
    "a run of different delims is one": (NONE + "REPORT-a = t", '[t]\nDELIMS = ", "\nFIELDS = a, b, c, d', 'x, "y, z",,w', {"a": "x", "b": "y, z", "d": "w"}),
    "spaces inside quotes": ("", "", 'a=" x y " b="" c=1', {"a": "x y", "c": "1"}),
    "kv_trim_spaces off": ("KV_TRIM_SPACES = false", "", 'a=" x "', {"a": " x "}),
    "_KEY_ and _VAL_": (NONE + "REPORT-a = t", "[t]\nREGEX = (?<_KEY_1>\\w+):(?<_VAL_1>\\w+)", "a:1 b:2", {"a": "1", "b": "2"}),
    "delims and fields": (NONE + "REPORT-a = t", '[t]\nDELIMS = ","\nFIELDS = a, b, c', '1,"x,y",3', {"a": "1", "b": "x,y", "c": "3"}),
    "delims keep the place of empty values": (NONE + "REPORT-a = t", '[t]\nDELIMS = "|"\nFIELDS = "a", "b", "c"', "1||3", {"a": "1", "c": "3"}),
    "tab": (NONE + "REPORT-a = t", '[t]\nDELIMS = "\\t"\nFIELDS = a, b', "1\t2", {"a": "1", "b": "2"}),
    "two sets of delims": (NONE + "REPORT-a = t", '[t]\nDELIMS = "|;", ":="', 'a:1|b=2;c:"x|y"', {"a": "1", "b": "2", "c": "x|y"}),
    "auto": ("", "", 'a=1, b="two words"; c.d=3|e=4&f=5 a=9', {"a": "1", "b": "two words", "c_d": "3", "e": "4", "f": "5"}),
    "auto_escaped": ("KV_MODE = auto_escaped", "", r'a="x \"y\" z" b=1', {"a": 'x "y" z', "b": "1"}),
    "auto finds json": ("", "", '{"a": {"b": [1, 2]}, "c": null, "d": true}', {"a.b{}": ["1", "2"], "c": "null", "d": "true"}),
    "auto_kv_json off": ("AUTO_KV_JSON = false", "", '{"a": 1}', {}),
    "json": ("KV_MODE = json", "", '{"a": [{"b": 1.50}, {"b": "x"}], "n": 12345678901234567890}', {"a{}.b": ["1.50", "x"], "n": "12345678901234567890"}),
    "json keys that every event has": ("KV_MODE = json", "", '{"host": "x", "a": {"host": "y"}}', {"extracted_host": "x", "a.host": "y"}),
    "json that breaks off": ("KV_MODE = json", "", '{"a": 1, "b": {"c": "x", "d": ["y", "z"], "e": "cut', {"a": "1", "b.c": "x", "b.d{}": ["y", "z"]}),
    "a time stamp in brackets is no json": ("", "", "[2024-01-01 10:00:00] a=1 {b} c=[2]", {"a": "1", "c": "[2]"}),
    "nor is text in braces": ("", "", "{x} a=1", {"a": "1"}),
    "json mode leaves other text alone": ("KV_MODE = json", "", "[2024-01-01] [1, 2]", {}),
    "an array of numbers in json mode": ("KV_MODE = json", "", "[1, 2]", {"{}": ["1", "2"]}),
    "json mode reads no pairs": ("KV_MODE = json", "", "a=1", {}),
    "xml": ("KV_MODE = xml", "", '<r a="1"><b>x</b><b>y</b></r>', {"r{@a}": "1", "r.b": ["x", "y"]}),
    "xml with entities of its own": ("KV_MODE = xml", "", '<!DOCTYPE r [<!ENTITY e "x">]><r>&e;</r>', {}),
    "alias": (NONE + "EXTRACT-a = (?<x>\\d)\nFIELDALIAS-a = x AS y x AS z", "", "1", {"x": "1", "y": "1", "z": "1"}),
    "alias overwrites, also with nothing": (NONE + "EXTRACT-a = (?<y>\\d)\nFIELDALIAS-a = missing AS y", "", "1", {}),
    "asnew keeps": (NONE + "EXTRACT-a = (?<x>\\d)(?<y>\\d)\nFIELDALIAS-a = x ASNEW y x ASNEW z", "", "12", {"x": "1", "y": "2", "z": "1"}),
    "calculated fields see no calculated field": (NONE + "EXTRACT-a = (?<x>\\w)\nEVAL-x = upper(x)\nEVAL-y = x", "", "a", {"x": "A", "y": "a"}),
    "calculated fields see aliases": (NONE + "EXTRACT-a = (?<x>\\w)\nFIELDALIAS-a = x AS y\nEVAL-z = upper(y)", "", "a", {"x": "a", "y": "a", "z": "A"}),
    "a calculated field may remove": (NONE + "EXTRACT-a = (?<x>\\w)\nEVAL-x = null()", "", "a", {}),
    "two groups of one name": (NONE + "EXTRACT-a = (?J)a=(?<x>\\d)|b=(?<x>\\d)", "", "b=2 a=1", {"x": "2"}),
    "two groups of one name in a report": (NONE + "REPORT-a = t", "[t]\nREGEX = (?J)a=(?<x>\\d)|b=(?<x>\\d)", "b=2 a=1", {"x": "2"}),
    "branch reset, \\K and recursion": (NONE + "EXTRACT-a = (?|a=(?<x>\\d)|b=(?<x>\\w))\nEXTRACT-b = z\\K(?<y>\\((?:[^()]|(?1))*\\))", "", "b=2 z((1)2)", {"x": "2", "y": "((1)2)"}),
    "a conditional and a verb": (NONE + "EXTRACT-a = (q)?u(?(1)a|(?<x>b))\nEXTRACT-b = no(*FAIL)|(?<y>n)", "", "ub no", {"x": "b", "y": "n"}),
    "a module": (NONE + "REPORT-a = t", "[word]\nREGEX = \\w+\n[t]\nREGEX = ^[[word]]=(?<x>[[word]])", "a=b", {"x": "b"}),
    "a module with a field": (NONE + "REPORT-a = t", "[word]\nREGEX = \\w+\n[t]\nREGEX = ^[[word:x]]=[[word:y]]", "a=b", {"x": "a", "y": "b"}),
    "the marked part of a module": (NONE + "REPORT-a = t", "[b]\nREGEX = <(?<>[^>]*)>\n[t]\nREGEX = [[b:x]] [[b]]", "<a b> <c>", {"x": "a b"}),
    "names in a module": (NONE + "REPORT-a = t", "[d]\nREGEX = (?<domain>\\w+)\\.\n[t]\nREGEX = ^(?<uri>[[d:uri_]]\\w+)", "a.b", {"uri": "a.b", "uri_domain": "a"}),
    "modules in modules, repeated": (NONE + "REPORT-a = t", "[o]\nREGEX = \\d{1,3}\n[ip]\nREGEX = (?<>[[o]](?:\\.[[o]]){3})\n[t]\nREGEX = [[o]]{2} [[ip:src]]", "12 1.2.3.4", {"src": "1.2.3.4"}),
    "modules in a format": (NONE + "REPORT-a = t", "[w]\nREGEX = \\w+\n[t]\nREGEX = ([[w]])=([[w]])\nFORMAT = $1::$2", "a=1 b=2", {"a": "1", "b": "2"}),
    "brackets that are no module": (NONE + "REPORT-a = t", "[a]\nREGEX = no\n[t]\nREGEX = \\[[a]](?<y>[[:digit:]])", "[a]1", {"y": "1"}),
    "kv_mode multi": ("KV_MODE = multi", "", "PID CMD\n1 init\n22 sshd\n3", {"PID": ["1", "22", "3"], "CMD": ["init", "sshd"]}),
    "an empty kv_mode": ("KV_MODE =", "", "a=1", {"a": "1"}),
    "kv_mode none": (NONE, "", "a=1", {}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_operations(know, name: str) -> None:  # type: ignore[no-untyped-def]
    props, transforms, raw, expected = CASES[name]
    knowledge = know("[st]\n" + props, transforms)
    frame = events(raw)
    assert row(knowledge.extract(frame)) == expected
    assert knowledge.problems == []
    for field, value in expected.items():
        assert row(knowledge.extract(frame, {field})) == {field: value}


def test_nesting_is_bounded() -> None:
    deep = automatic.MAX_DEPTH + 50
    _, keys, _ = automatic.xml(pl.Series(["<a>" * deep + "x" + "</a>" * deep]))
    assert keys.to_list() == []


def test_problems_are_named(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("[st]\nREPORT-a = missing, bad\nKV_MODE = multi:x", "[bad]\nREGEX = (\n[unused]\nREGEX = (")
    knowledge.extract(events("x"))
    assert len(knowledge.problems) == 3
    assert any("'missing'" in p for p in knowledge.problems) and any("multikv" in p for p in knowledge.problems)


def test_fields_of_the_frame_are_kept(know) -> None:  # type: ignore[no-untyped-def]
    frame = events("a=raw", "a=raw").with_columns(pl.Series("a", ["indexed", None]))
    assert know("").extract(frame)["a"].to_list() == ["indexed", "raw"]


def test_kinds_of_events_are_extracted_apart_and_keep_their_order(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("[one]\nEXTRACT-a = (?<x>.)\n[two]\nREPORT-a = t", "[t]\nREGEX = (?<x>\\d)\nMV_ADD = true")
    frame = pl.concat([events("a", sourcetype="one"), events("1 2", sourcetype="two"), events("b", sourcetype="one")])
    found = knowledge.extract(frame)
    assert found["x"].to_list() == [["a"], ["1", "2"], ["b"]]
    assert found["_raw"].to_list() == frame["_raw"].to_list()
    assert knowledge.extract(frame.clear(), {"x"}).height == 0


def test_renamed_source_types(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("[Old]\nrename = new\nEXTRACT-b = (?<gone>.)\n[new]\nKV_MODE = none\nEXTRACT-a = (?<x>.)")
    found = knowledge.extract(events("a", sourcetype="old"))
    assert found["sourcetype"].to_list() == ["new"] and found["x"].to_list() == ["a"]


LOOKUP = {"t.csv": "code,text\n1,one\n2,two\n"}


def test_automatic_lookups(know) -> None:  # type: ignore[no-untyped-def]
    transforms = "[t]\nfilename = t.csv\n"
    props = "[st]\nLOOKUP-a = t code OUTPUT text AS word\nlookup_b = t code OUTPUTNEW text AS kept"
    knowledge = know(props, transforms, LOOKUP)
    found = knowledge.extract(events("code=1 word=mine kept=mine", "code=3 word=mine kept=mine", "code=2", "word=mine"))
    assert found["word"].to_list() == ["one", None, "two", "mine"]  # an entry that is not there clears the field
    assert found["kept"].to_list() == ["mine", "mine", "two", None]
    assert row(knowledge.extract(events("code=2"), {"kept"})) == {"kept": "two"}


def test_lookup_without_outputs_gives_every_other_field(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("[st]\nLOOKUP-a = t.csv code", "", LOOKUP)
    assert row(knowledge.extract(events("code=1"))) == {"code": "1", "text": "one"}


EVENTTYPES = """
[plain]
search = a=1
[nested]
search = eventtype=plain b=2
[off]
search = a=1
disabled = true
[urgent]
search = a=1
priority = 0
"""
TAGS = """
[eventtype=plain]
x = enabled
y = disabled
[eventtype=nested]
z = enabled
[b=2]
two = enabled
[c=%20]
never = enabled
"""


def test_event_types_and_tags(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("", eventtypes=EVENTTYPES, tags=TAGS)
    found = knowledge.extract(events("a=1 b=2", "a=1", "b=2", "c=3"))
    assert found["eventtype"].to_list() == [["urgent", "nested", "plain"], ["urgent", "plain"], None, None]
    assert found["tag"].to_list() == [["two", "x", "z"], ["x"], ["two"], None]
    assert found["tag::eventtype"].to_list() == [["x", "z"], ["x"], None, None]
    assert found["tag::b"].to_list() == ["two", None, "two", None]
    only = knowledge.extract(events("a=1 b=2"), {"tag"})
    assert row(only) == {"tag": ["two", "x", "z"]}


def test_event_types_in_a_circle(know) -> None:  # type: ignore[no-untyped-def]
    knowledge = know("", eventtypes="[a]\nsearch = eventtype=b\n[b]\nsearch = eventtype=a\n")
    knowledge.extract(events("x"))
    assert any("refer to each other" in p for p in knowledge.problems)


def test_without_evaluators_what_needs_them_is_left_out(make_app: MakeApp) -> None:
    app = make_app("a", {"default/props.conf": "[st]\nEVAL-x = 1\n", "default/eventtypes.conf": "[e]\nsearch = a=1\n"})
    knowledge = Asked(Knowledge(Configuration([app]), "a"), Asker())
    assert row(knowledge.extract(events("a=1"))) == {"a": "1"}
    assert len(knowledge.problems) == 2


def test_names() -> None:
    assert {"a", "b", "c d", "e.f", "e", "f"} <= names_in_eval("if(a=\"x y\", 'c d', b) . e.f")
    macros = {"m(1)": "inner=1 `n`", "n": "deep>2"}
    found = names_in_search('a=1 OR NOT "b c"!=2 `m(1)` d IN (1) word', lambda call: macros.get(call))
    assert {"a", "b c", "d", "inner", "deep"} <= found and "word" not in found

    assert names_in_eval('if(isnull(a), b.lower(c), d.e) . f AND NOT g IN ("h")') == {
        "a",
        "b",
        "c",
        "d",
        "d.e",
        "e",
        "f",
        "g",
    }


NAMED_BY_DATA = {
    "key=value": ("", ""),
    "cleaned": ("REPORT-a = pairs", "[pairs]\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = $1::$2"),
    "as written": ("REPORT-a = pairs", "[pairs]\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = $1::$2\nCLEAN_KEYS = false"),
    "several values": ("REPORT-a = pairs", "[pairs]\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = $1::$2\nMV_ADD = true"),
    "groups": ("REPORT-a = pairs", "[pairs]\nREGEX = (?<_KEY_1>[^\\s=]+)=(?<_VAL_1>\\S+)"),
    "of a part": (
        "REPORT-a = head, pairs",
        "[head]\nREGEX = <(?<head>[^>]*)>\n[pairs]\nSOURCE_KEY = head\nREGEX = ([^\\s=]+)=([^\\s>]+)\nFORMAT = $1::$2",
    ),
    "of another field": ("REPORT-a = pairs", "[pairs]\nSOURCE_KEY = source\nREGEX = (\\w)(\\w+)\nFORMAT = $1::$2"),
    "composed": (
        "REPORT-a = whole, pairs",
        "[whole]\nREGEX = ^(.)(.*)$\nFORMAT = whole::$1=$2\n"
        "[pairs]\nSOURCE_KEY = whole\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = $1::$2",
    ),
    "a name with more": ("REPORT-a = pairs", "[pairs]\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = x$1::$2"),
    "delimiters": ("REPORT-a = pairs", '[pairs]\nDELIMS = " ", "="'),
    "turns": ("REPORT-a = pairs", '[pairs]\nDELIMS = " ="'),
    "a static field beside": ("REPORT-a = pairs", "[pairs]\nREGEX = ([^\\s=]+)=(\\S+)\nFORMAT = $1::$2 b::$2"),
}


@pytest.mark.parametrize("kind", NAMED_BY_DATA)
def test_events_without_a_name_lack_nothing(
    know: Callable[..., Asked], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every value of a wanted field is that of an extraction of all fields."""
    report, transforms = NAMED_BY_DATA[kind]
    mode = "KV_MODE = none\n" if report else ""
    props = f"[st]\n{mode}{report}\nEVAL-up = upper(a)\nFIELDALIAS-x = b AS alias\nEXTRACT-b = 1(?<b>x)"
    knowledge = know(props, transforms)
    monkeypatch.setattr(dynamic, "LEAST", 1)

    @examples(30)
    @given(
        st.lists(st.text(st.sampled_from('abx_.= 1<>\\"{'), max_size=12), min_size=1, max_size=6),
        st.sets(st.sampled_from(["a", "b", "a_b", "xa", "up", "alias", "host", "head", "b.a", "rc", "s"]), min_size=1),
    )
    def same(raw: list[str], wanted: set[str]) -> None:
        frame = events(*raw, source="src")
        every, found = knowledge.extract(frame), knowledge.extract(frame, wanted)
        for name in wanted:
            expected = every[name].to_list() if name in every.columns else [None] * frame.height
            got = found[name].to_list() if name in found.columns else [None] * frame.height
            assert [_listed(v) for v in got] == [_listed(v) for v in expected], name

    same()


def _listed(value: object) -> object:
    """A value of one row, whichever type its column has."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def test_few_events_are_searched_for_names(know: Callable[..., Asked], monkeypatch: pytest.MonkeyPatch) -> None:
    knowledge = know("[st]\nKV_MODE = auto")
    asked: list[int] = []
    plain = automatic.pairs

    def pairs(text: pl.Series, *, escaped: bool = False, trim: bool = True) -> automatic.Triples:
        asked.append(len(text))
        return plain(text, escaped=escaped, trim=trim)

    monkeypatch.setattr(automatic, "pairs", pairs)
    frame = events(*["other=1"] * dynamic.LEAST, "wanted=1")
    assert knowledge.extract(frame, {"wanted"})["wanted"].to_list() == [None] * dynamic.LEAST + ["1"]
    assert asked == [1]


@examples(60)
@given(
    st.lists(st.tuples(st.integers(0, 4), st.sampled_from("abc"), st.sampled_from("123")), max_size=12), st.booleans()
)
def test_from_pairs_equals_a_dictionary(triples: list[tuple[int, str, str]], multivalue: bool) -> None:
    expected: dict[str, dict[int, list[str]]] = {}
    for number, key, value in triples:
        expected.setdefault(key, {}).setdefault(number, []).append(value)
    rows, keys, values = (list(x) for x in zip(*triples, strict=True)) if triples else ([], [], [])
    columns = from_pairs(
        5,
        pl.Series(rows, dtype=pl.UInt32),
        pl.Series(keys, dtype=pl.String),
        pl.Series(values, dtype=pl.String),
        multivalue=multivalue,
    )
    assert [c.name for c in columns] == list(expected)
    for column in columns:
        for number in range(5):
            held = expected[column.name].get(number)
            cell = column[number]
            cell = cell.to_list() if isinstance(cell, pl.Series) else cell
            if held is None:
                assert cell is None
            elif multivalue:
                assert cell in (held, held[0] if len(held) == 1 else None)
            else:
                assert cell == held[0]


@pytest.mark.parametrize(
    ("transforms", "what"),
    [
        ("[t]\nREGEX = [[gone:x]]", "no transform named 'gone'"),
        ("[t]\nREGEX = a[[t]](?<x>b)", "inside themselves: t -> t"),
        ("[u]\nREGEX = [[t]]\n[t]\nREGEX = [[u]]", "inside themselves: u -> t -> u"),
        ("[u]\nREGEX = (\n[t]\nREGEX = [[u:x]]", "REGEX"),
        ("[m0]\nREGEX = " + "a" * 999 + "".join(f"\n[m{i + 1}]\nREGEX = " + f"[[m{i}]]" * 9 for i in range(9)) + "\n[t]\nREGEX = [[m9]]", "longer than"),
    ],
)  # fmt: skip
def test_modules_that_do_not_work(know: Callable[..., Asked], transforms: str, what: str) -> None:
    knowledge = know("[st]\nKV_MODE = none\nREPORT-a = t\nEXTRACT-b = (?<y>.)", transforms)
    assert row(knowledge.extract(events("ab"))) == {"y": "a"}
    (problem,) = knowledge.problems
    assert problem.startswith("app/default/transforms.conf:") and what in problem


def test_a_tokenizer_makes_values(know: Callable[..., Asked]) -> None:
    fields = "[to]\nTOKENIZER = (\\w+)@\n[cc]\nTOKENIZER = ([^,]+)\nINDEXED = true\n[bad]\nTOKENIZER = x\n"
    knowledge = know("[st]\nEVAL-first = to\n", fields=fields)
    found = knowledge.extract(events('to="a@x,b@y" cc="a,b"', "to=nobody", "n=1", "to=c@z"))
    assert found["to"].to_list() == [["a", "b"], ["nobody"], None, ["c"]]
    assert found["cc"].to_list() == ["a,b", None, None, None]
    assert found["first"].to_list() == ["a@x,b@y", "nobody", None, "c@z"]
    assert knowledge.extract(events("to=a@x"), {"to"})["to"].to_list() == ["a"]
    assert [p.partition(": ")[0] for p in knowledge.problems] == ["app/default/fields.conf:7"]


@pytest.mark.parametrize("mode", ["automatic", "multi_ps", "multi:ps"])
def test_a_mode_that_is_not_read_is_told_and_something_like_it_used(know: Callable[..., Asked], mode: str) -> None:
    knowledge = know(f"[st]\nKV_MODE = {mode}\n")
    assert row(knowledge.extract(events("a=1 B\nx y"))) in ({"a": "1"}, {"a_1": "x", "B": "y"})
    assert [p.partition(": ")[0] for p in knowledge.problems] == ["app/default/props.conf:2"]


@pytest.mark.parametrize(
    ("props", "wanted", "has"),
    [
        ("EXTRACT-a = (?<host>x)", {"_raw", "host", "source"}, True),  # fills only what is empty
        ("FIELDALIAS-a = y ASNEW host", {"host"}, True),
        ("FIELDALIAS-a = y AS host", {"host"}, False),
        ("EVAL-host = upper(host)", {"host"}, False),
        ("EVAL-host = upper(host)", {"source"}, True),
        ("LOOKUP-a = t user OUTPUTNEW host", {"host"}, True),
        ("LOOKUP-a = t user OUTPUT host", {"host"}, False),
        ("LOOKUP-a = t user", {"host"}, False),  # every other field of the table
        ("rename = other", {"sourcetype"}, False),
        ("rename = other", {"host"}, True),
        ("EXTRACT-a = (", {"host"}, False),  # whoever reads it may have to be told
        ("", {"host", "eventtype"}, False),
        ("", {"host", "user"}, False),
        ("", {"sometimes"}, False),
    ],
)
def test_what_events_have_as_they_are(know: Callable[..., Asked], props: str, wanted: set[str], has: bool) -> None:
    knowledge = know(f"[st]\n{props}\n").knowledge
    frame = events("x", "y").with_columns(pl.Series("sometimes", ["a", None]))
    assert knowledge.has(frame, wanted) is has


def test_a_field_with_a_tokenizer_is_not_as_it_is(know: Callable[..., Asked]) -> None:
    assert not know("", fields="[host]\nTOKENIZER = (\\w)").knowledge.has(events("x"), {"host"})

"""Simple XML: what is read of a view, what is told of it, and tokens."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from caltrop.dialect.simplexml import NotXml, check, fill, names, parse, read

VIEW = """\
<form version="1.1" theme="light">
  <label>A view</label>
  <init><set token="limit">5</set></init>
  <search id="base"><query>index=main host=$host|s$</query><earliest>$range.earliest$</earliest><latest>$range.latest$</latest>
    <done><condition match="$job.resultCount$ == 0"><unset token="some"/></condition>
      <condition><set token="some">$result.count$</set></condition></done>
  </search>
  <fieldset submitButton="false">
    <input type="time" token="range"><default><earliest>-24h</earliest><latest>now</latest></default></input>
    <input type="dropdown" token="host" searchWhenChanged="true"><label>Host</label><default>*</default>
      <choice value="*">All</choice><fieldForLabel>host</fieldForLabel><fieldForValue>host</fieldForValue>
      <search><query>| metadata type=hosts</query></search>
      <change><set token="chosen">$label$</set></change></input>
  </fieldset>
  <row depends="$some$">
    <panel><title>Of $chosen$</title>
      <table id="list"><search base="base"><query>stats count by host | head $limit$</query></search>
        <option name="count">20</option><option name="drilldown">cell</option><fields>["host","count"]</fields>
        <drilldown><condition field="host"><link target="_blank">search?q=$row.host|u$&amp;a=$$1</link></condition>
          <condition><eval token="picked">$row.count$ + 1</eval></condition></drilldown></table></panel>
    <panel rejects="$picked$"><html><p>Nothing yet. See <a href="help">$picked$</a>.</p></html></panel>
  </row>
</form>
"""


def test_a_view_that_is_right_has_no_mistake() -> None:
    assert check(VIEW) == []


def test_what_is_read_of_a_view() -> None:
    view = read(parse(VIEW))
    assert (view.label, view.form, view.submit, view.studio) == ("A view", True, False, False)
    assert [(a.kind, a.token, a.text) for a in view.init] == [("set", "limit", "5")]
    time, host = view.inputs
    assert (time.type, time.times, time.default) == ("time", ("-24h", "now"), None)
    assert (host.choices, host.default, host.field_for_value) == ((("*", "All"),), "*", "host")
    assert host.search is not None and host.search.query == "| metadata type=hosts"
    (base,) = view.queries
    assert (base.id, base.earliest) == ("base", "$range.earliest$")
    (done,) = base.handlers
    assert [c.match for c in done.conditions] == ["$job.resultCount$ == 0", ""]
    assert [c.always for c in done.conditions] == [False, True]
    table_panel, html_panel = view.panels
    (table,) = table_panel.shown
    assert (table.kind, table.options["count"], table.fields) == ("table", "20", ("host", "count"))
    assert (table_panel.depends, html_panel.depends, html_panel.rejects) == (("some",), ("some",), ("picked",))
    assert table.drilldown is not None
    assert [(a.kind, a.target) for a in table.drilldown.actions] == [("link", "_blank"), ("eval", "")]
    assert [q.base for q in view.every_query()] == ["", "", "base"]


@pytest.mark.parametrize(
    ("old", "new", "at", "said"),
    [
        ("<label>A view</label>", "<label>A & view</label>", "<label>A & view", "not XML"),
        ('<form version="1.1" theme="light">', '<form theme="light">', "<form", "no version"),
        ('theme="light"', 'theme="blue"', "<form", "theme='blue'"),
        ('theme="light"', 'script="x.js"', "<form", "custom code"),
        ("<init>", "<start/><init>", "<start/>", "<start> cannot stand in <form>"),
        ("<label>A view</label>", "<label>A view</label><label>B</label>", "<label>B", "twice"),
        ("<row depends=", "<row hidden=", "<row", "no attribute 'hidden'"),
        ('depends="$some$"', 'depends="some"', "<row", "depends='some'"),
        ('type="dropdown" token="host"', 'type="combo" token="host"', '<input type="combo"', "type='combo'"),
        ('<input type="time"', "<input", "<input token", "needs the attribute 'type'"),
        ('<option name="drilldown">cell', '<option name="drilldown">cells', '<option name="drilldown"', "'cells'"),
        ('<option name="count">', '<option name="counts">', '<option name="counts"', "no option 'counts'"),
        ('<option name="drilldown">cell', '<option name="count">1', '<option name="count">1', "given twice"),
        ('<option name="drilldown">cell', '<option name="drilldown">none', "<drilldown>", "turns it off"),
        ('<search base="base">', '<search base="bas">', '<search base="bas"', "no search has the id 'bas'"),
        ('<search base="base">', '<search base="base"><earliest>-1h</earliest>', '<search base="base"', "time range"),
        ("<query>| metadata type=hosts</query>", "", "<search></search>", "no <query>"),
        ('<table id="list">', '<table id="base">', '<table id="base"', "there already"),
        ("<fieldForLabel>host</fieldForLabel>", "", '<input type="dropdown"', "<fieldForLabel>"),
        ('<condition field="host">', "<condition>", "<condition><link", "always holds"),
        ('<condition field="host">', '<condition value="host">', '<condition value="host"', "no 'value'"),
        ('<condition field="host">', '<condition match="">', '<condition match=""', "match is empty"),
        ("<change>", '<change><condition value="a"/>', "<change>", "beside"),
        ("head $limit$", "head $limits$", "<query>stats", "$limits$"),
        ("Of $chosen$", "Of $row.host$", "<title>Of", "only in a drilldown"),
        ("$host|s$", "$host|q$", "<query>index=main", "filter 'q'"),
        ("<p>Nothing", "<script>1</script><p>Nothing", "<script>", "HTML panel"),
        ('href="help"', 'href="javascript:1"', "<a href", "runs code"),
        ("<panel><title>", "words<panel><title>", "<row", "text stands in <row>"),
    ],
)  # fmt: skip
def test_a_mistake_is_told_where_it_is(old: str, new: str, at: str, said: str) -> None:
    assert old in VIEW
    text = VIEW.replace(old, new, 1)
    found = [one for one in check(text) if said in one.message]
    assert found, check(text)
    before = text[: text.index(at)]
    assert found[0].line == before.count("\n") + 1
    if "not XML" not in said:
        assert found[0].column == len(before) - (before.rfind("\n") + 1) + 1


def test_what_resembles_is_named() -> None:
    (found,) = check(VIEW.replace('<option name="drilldown">', '<option name="drilldwn">'))
    assert "drilldown" in found.hint


def test_a_view_of_dashboard_studio_is_not_read_as_simple_xml() -> None:
    assert check('<dashboard version="2"><label>x</label><definition>{}</definition></dashboard>') == []
    assert "<definition>" in check('<dashboard version="2"><label>x</label></dashboard>')[0].message
    assert "begins no view" in check("<nav/>")[0].message


def test_nothing_is_declared_or_loaded() -> None:
    with pytest.raises(NotXml, match="document type"):
        parse('<!DOCTYPE a [<!ENTITY b "c">]><form>&b;</form>')
    with pytest.raises(NotXml, match="nested"):
        parse("<a>" * 500 + "</a>" * 500)


def test_tokens_are_filled_with_their_filters() -> None:
    values = {"a": 'x "y" & <z>', "row.a b": "1"}
    assert fill("q=$a$", values) == 'q=x "y" & <z>'
    assert fill("$a|s$", values) == '"x \\"y\\" & <z>"'
    assert fill("?$a|u$", values) == "?x%20%22y%22%20%26%20%3Cz%3E"
    assert fill("<p>$a$ $a|n$</p>", {"a": "<b>"}, by_default="h") == "<p>&lt;b&gt; <b></p>"
    assert fill("$row.a b$ costs $$5", values) == "1 costs $5"
    assert fill("$a$ $other$", values) is None
    assert names("$a$ $$ $b|u$ $a|s$ 5 $ c") == ["a", "b"]


@given(st.text(max_size=60), st.text(alphabet="ab$|us ", max_size=40))
@example("$a$", "$a$")
def test_a_filled_text_is_done(value: str, text: str) -> None:
    """What a token is filled with is not looked into again, and every token is named."""
    filled = fill(text, dict.fromkeys(names(text), value))
    assert filled is not None
    if not names(text):
        assert filled == text.replace("$$", "$")


@given(st.text(max_size=200) | st.text(alphabet="<>/form &;\"'=row$", max_size=60))
@example("\ud800")
def test_any_text_is_checked_in_bounds(text: str) -> None:
    lines = text.count("\n") + text.count("\r") + 2
    for one in check(text):
        assert 1 <= one.line <= lines and one.column >= 1 and one.message


SELECTION = """<dashboard version="1.1"><label>x</label><row><panel><chart><search><query>| makeresults</query></search>
  <option name="charting.chart">line</option>
  <selection><set token="from">$start$</set><set token="count">$end.count$</set></selection></chart></panel>
  <panel><html><p>$from$ $count$</p></html></panel></row></dashboard>"""


def test_a_selection_of_a_chart_has_tokens_of_its_own() -> None:
    assert not check(SELECTION)
    (found,) = check(SELECTION.replace("<p>$from$", "<p>$start.count$"))
    assert "only in a selection" in str(found)
    (found,) = check(SELECTION.replace("$start$", "$click.value$"))
    assert "only in a drilldown" in str(found)
    assert check(SELECTION.replace("chart>", "table>"))

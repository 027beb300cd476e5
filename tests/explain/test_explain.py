"""Explanations of searches that leave nothing: for each kind of cause the first finding names it, with its numbers."""

from __future__ import annotations

import json

import pytest

from .conftest import NOW, Explain

# (search, subject of the first finding, pieces of its line)
CASES = [
    # values
    ("EventCode=1 Name=regg.exe", "value", ["`Name=regg.exe` matches none of 9 events; 5 pass everything else", "nearest: `reg.exe` (2)"]),
    ("EventCode=1 Name=powershel.exe", "value", ["nearest: `powershell.exe` (1)"]),
    ("EventCode=1 Image=reg.exe", "value", ["`*reg.exe` matches 2"]),
    (r'EventCode=1 Image="*\\\\\\\\reg.exe"', "value", ["backslashes are doubled once too often"]),
    ("EventCode=7 Name=reg.exe", "value", ["`EventCode=7` matches none", "EventCode has `1` (2)"]),
    ("EventCode=1 Name IN (foo.exe, regg.exe)", "value", ["nearest: `reg.exe` (2)"]),
    ("EventCode=1 Name=%reg.exe", "value", ["% is a plain character in a search"]),
    ("EventCode=01 Name=reg.exe", "value", ["leading zeros count"]),
    ("status=failed tries>10", "value", ["`tries>10` matches none of 9 events; 2 pass everything else; the highest tries is 7"]),
    ("status=failed tries<2", "value", ["the lowest tries is 2"]),
    ("status=failed user<5", "value", ["user holds no number: `bob` (1), `cid` (1)"]),
    ("status=failed user!=*", "value", ["`user!=*`"]),
    # fields
    ("EventCode=1 Nmae=reg.exe", "field", ["`Nmae` is missing in all 9 events (`Nmae=reg.exe`)", "did you mean `Name`? it has `reg.exe` (2)"]),
    ("EventCode=1 Account=ann Name=reg.exe", "field", ["`Account` is missing in", "`user` has that value, in 1 of 2 events looked at"]),
    ("EventCode=1 | where nmae=\"x\"", "field", ["did you mean `Name`?"]),
    ("EventCode=1 | where eventcode=1", "field", ["did you mean `EventCode`?"]),
    # where
    ('EventCode=1 | where Image="*reg.exe"', "value", ["* is a plain character in where", 'like(Image, "%reg.exe")', "matches 2"]),
    ('EventCode=1 | where Name="REG.exe"', "value", ["case counts here: `reg.exe` (2)"]),
    ('EventCode=1 | where like(Name,"REG%")', "value", ["case counts here: `reg.exe` (2)"]),
    ('EventCode=1 | where match(Name,"^REG")', "value", ["with (?i), whatever the case, it matches 2"]),
    ("EventCode=1 | stats count by user | where count > 10", "value", ["`count > 10` matches none of 3 rows; the highest count is 3"]),
    ("EventCode=1 | where isnull(user)", "condition", ["user has a value in all of them"]),
    ("EventCode=1 | where len(Name) > 100 AND user=\"ann\"", "condition", ["`len(Name) > 100`", "pass everything else"]),
    ("EventCode=1 | regex Name=\"^REG\"", "value", ["with (?i)"]),
    # words of the text
    ("powershel", "text", ["`powershel` is in the text of none of 9 events", "`*powershel*`) in 1"]),
    ("EventCode=1 nosuchword", "text", ["`nosuchword` is in the text of none of 9 events"]),
    # combinations
    ("EventCode=1 NOT user=*", "condition", ["`NOT user=*` excludes all 5 events that pass everything else", "user is `ann` (3)"]),
    ("EventCode=1 (Name=foo.exe OR Image=*rg.exe)", "value", ["none of 2 alternatives matches", "nearest: `C:\\Windows\\System32\\reg.exe`"]),
    # where events are
    ("index=wim EventCode=1", "index", ["`index=wim`: there is no such index; nearest: `win` (6)"]),
    ("index=main sourcetype=sysmon:xml EventCode=1", "index", ["`index=main`", "index is `win` (6)"]),
    ("sourcetype=sysmn:xml EventCode=1", "sourcetype", ["`sourcetype=sysmn:xml` matches none of 9 events; nearest: `sysmon:xml` (6)"]),
    ("source=nosuch EventCode=1", "source", ["source is `win.log` (6), `main.log` (3)"]),
    ("EventCode=1 earliest=-10s", "time", ["all 9 events are of 2023-11-14, the time range begins 2023-11-14 22:13:10Z"]),
    ("EventCode=1 earliest=0 latest=1000", "time", ["the time range ends 1970-01-01 00:16:40Z"]),
    # macros
    ("`win` `reg`", "value", ["`Name=regg.exe`", "(from the macro `reg`)", "nearest: `reg.exe` (2)"]),
    ("`win` | `some_filter`", "condition", ["`NOT user=*` excludes all 6 rows", "(from the macro `some_filter`)"]),
    # lookups
    ("EventCode=1 | lookup hosts name AS dest OUTPUT owner | search owner=*", "lookup", ["the lookup `hosts` matches none of these rows", "dest is `host0` (2)", "nearest keys: `host"]),
    ("| inputlookup hosts where name=host1", "value", ["`*host1*`", "rows of hosts"]),
    # pipelines
    ("EventCode=1 | stats count by usr", "group", ["`stats … usr`: none of 5 rows has `usr`; did you mean `user`?"]),
    ("EventCode=1 | stats count by user | search dest=host1", "field", ["stage 2 `stats count by user` does not keep it"]),
    ('EventCode=1 | rex field=Name "(?<drive>[A-Z]:)" | where drive="C:"', "field", ["the pattern of `rex` matches none of these rows: Name is `reg.exe` (2)"]),
    ("EventCode=1 | rename user AS who | where user=\"ann\"", "field", ["stage 2 `rename user AS who` renamed it to `who`"]),
    ("EventCode=1 | eval x=null() | where x=1", "field", ["gives it no value"]),
    ("EventCode=1 [search EventCode=99 | fields user]", "subsearch", ["the subsearch gave no row"]),
    ("EventCode=1 | join user [search EventCode=99 | table user]", "join", ["the subsearch of `join` gave no row"]),
    ("EventCode=1 Name=cmd.exe | join user [search status=failed | table user]", "join", ["none of 1 value", "`ann` (1)"]),
    ("nosuchword | stats count | where count > 0", "text", ["`nosuchword`"]),
    ("EventCode=1 | head 0", "stage", ["`head limit=0` left none of 5 rows"]),
    # data models
    ("| tstats count from datamodel=Changes.Runs where Runs.Name=regg.exe by Runs.dest", "value", ["none of 5 rows of Changes.Runs; nearest: `reg.exe` (2)"]),
    ("| tstats count from datamodel=Changes.Runs where Runs.Nme=reg.exe by Runs.dest", "field", ["did you mean `Runs.Name`?"]),
    ("| tstats count from datamodel=Changes.Runs by Runs.destination", "group", ["did you mean `Runs.dest`?"]),
    ("| tstats count from datamodel=Changes.Odd by Odd.user", "datamodel", ["no event is in the data model dataset Changes.Odd: `tag=odd` matches none of 9 events", "tag has `process` (5)", "`sysmon:xml` (6)"]),
    ("| tstats count where EventCode=1 by index", "field", ["tstats reads indexed fields only"]),
]  # fmt: skip


@pytest.mark.parametrize(("spl", "subject", "pieces"), CASES, ids=[spl for spl, _, _ in CASES])
def test_the_first_finding_names_the_cause(why: Explain, spl: str, subject: str, pieces: list[str]) -> None:
    found = why(spl)
    assert found.emptied
    first = found.findings[0]
    assert [piece for piece in pieces if piece not in first.text] == [], first.text
    assert first.subject == subject
    assert "\n" not in first.text


def test_conditions_that_hold_for_different_events_are_both_told(why: Explain) -> None:
    found = [finding.text for finding in why("EventCode=5 Name=reg.exe").findings]
    assert "`EventCode=5` matches 1 of 9 events; 2 pass everything else; EventCode has `1` (2)" in found
    assert "`Name=reg.exe` matches 2 of 9 events; 1 passes everything else; Name has `svchost.exe` (1)" in found
    found = [finding.text for finding in why("EventCode=1 tries=3").findings]
    assert (
        "`tries` is missing in all 5 events that pass everything else (`tries=3`); "
        "others have `2` (1), `3` (1), `7` (1)" in found
    )


def test_a_time_range_beside_the_search(why: Explain) -> None:
    first = why("EventCode=1", earliest=NOW - 10, latest=NOW).findings[0]
    assert (first.subject, first.matched, first.of) == ("time", 0, 9)
    between = why("EventCode=1", earliest=NOW - 60, latest=NOW).findings
    assert between[-1].subject == "time" or "match outside the time range" in between[0].text


def test_hits_outside_the_range_come_first_when_others_are_inside(why: Explain) -> None:
    first = why("EventCode=1 Name=reg.exe", earliest=NOW - 60, latest=NOW).findings[0]
    assert first.text.startswith("2 events match outside the time range, which is 2023-11-14 22:12:20Z to")


def test_an_addon_that_is_missing_is_named(why: Explain) -> None:
    found = why("| tstats count from datamodel=Changes.Odd by Odd.user", addon=1)
    assert "the add-on TA_demo" in found.findings[1].text


def test_stages_tell_rows_in_and_out(why: Explain) -> None:
    found = why("`win` EventCode=1 | stats count by user | where count > 10")
    assert [(s.before, s.after) for s in found.stages] == [(9, 5), (5, 3), (3, 0)]
    assert found.emptied == 3
    assert found.headline == "0 rows: stage 3 of 3 left none of 3 rows: where count > 10"
    assert found.macros == (("win", "index=win sourcetype=sysmon:xml"),)
    assert found.table()[0] == "in  out  stage"


def test_a_search_with_hits_has_stages_and_nothing_to_explain(why: Explain) -> None:
    found = why("EventCode=1 | stats count by user")
    assert (found.emptied, found.findings, found.rows) == (0, (), 3)
    assert found.lines() == ["3 rows"]


def test_rows_that_were_appended_and_then_lost_are_told(why: Explain) -> None:
    found = why('nosuchword | append [search EventCode=1] | where Name="regg.exe"')
    assert found.emptied == 3
    assert "nearest: `reg.exe` (2)" in found.findings[0].text


def test_a_misspelt_alternative_is_told_where_a_later_stage_left_none(why: Explain) -> None:
    first, second = why('(Name=powershel.exe OR Name=cmd.exe) | where like(Image, "%v1.0%")').findings
    assert first.stage == 2 and first.term.startswith("like(")
    assert second.text == (
        "stage 1: `Name=powershel.exe` matches none of 9 events, other alternatives do; nearest: `powershell.exe` (1)"
    )
    assert len(why('(Name=nosuch OR Name=cmd.exe) | where like(Image, "%v1.0%")').findings) == 1


def test_the_short_form_is_bounded_and_says_so(why: Explain) -> None:
    found = why("| tstats count from datamodel=Changes.Odd by Odd.user", addon=1)
    assert len(found.lines(2)) == 2
    assert found.lines(2)[-1] == f"({len(found.findings)} more: caltrop explain shows all)"
    assert len(found.lines(None)) > len(found.findings)


def test_json_has_everything(why: Explain) -> None:
    value = json.loads(json.dumps(why("`win` `reg` | stats count by user").as_json()))
    assert value["emptied"] == 1 and value["rows"] == 0
    first = value["findings"][0]
    assert first["macro"] == "reg" and first["matched"] == 0 and first["near"] == [{"value": "reg.exe", "rows": 2}]
    assert [m["call"] for m in value["macros"]] == ["win", "reg"]


def test_an_empty_index_says_that_there_is_no_event(app: object) -> None:
    from caltrop.engine.instance import Instance
    from caltrop.explained import explained

    instance = Instance(now=NOW)
    instance.store.create_index("main")
    found = explained(instance, instance.search("x=1"))
    assert [f.subject for f in found.findings] == ["data"]

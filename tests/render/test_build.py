"""Catalogue -> package: what is in it, and that the same content gives the same bytes."""

from __future__ import annotations

import csv
import hashlib
import importlib
import io
import json
import os
import tarfile
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest

from caltrop.cli import main
from caltrop.content import load
from caltrop.content.model import Detection, Enrichment, EnrichmentLookup
from caltrop.dialect.conf import parse
from caltrop.dialect.words import quoted
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError, FindingsError
from caltrop.render import build, vendor
from caltrop.render.savedsearches import shipped_search
from caltrop.spl import parse as parse_spl
from tests.content.sample import Repository

RULE = "Test - Some Process - Rule"


def conf(tree: Path, name: str) -> dict[str, dict[str, str]]:
    return parse((tree / "default" / name).read_text(), name, strict=True).settings()


def test_the_stanza_of_a_ttp(repository: Repository) -> None:
    result = build(load(repository()), repository.folder / "dist")
    stanza = conf(result.tree, "savedsearches.conf")[RULE]
    assert stanza["search"] == "`events` process=x.exe | stats count by dest user process | `some_process_filter`"
    expected = {
        "disabled": "true", "enableSched": "1", "cron_schedule": "0 * * * *", "dispatch.earliest_time": "-70m@m",
        "dispatch.latest_time": "-10m@m", "schedule_window": "auto", "counttype": "number of events",
        "relation": "greater than", "quantity": "0", "allow_skew": "100%", "alert.digest_mode": "1",
        "action.risk": "1", "action.risk.param._risk_score": "0", "action.risk.param.verbose": "0",
        "action.risk.param._risk_message": "Process $process$ ran on $dest$", "action.notable": "1",
        "action.notable.param.rule_title": "Some Process", "action.notable.param.rule_description": "Finds a process.",
        "action.notable.param.nes_fields": "user,dest", "action.notable.param.security_domain": "endpoint",
        "action.notable.param.severity": "medium", "action.correlationsearch.enabled": "1",
        "action.correlationsearch.label": RULE,
    }  # fmt: skip
    assert {key: stanza.get(key) for key in expected} == expected
    assert json.loads(stanza["action.risk.param._risk"]) == [
        {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50},
        {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 40},
        {"threat_object_field": "process", "threat_object_type": "process"},
    ]
    assert json.loads(stanza["action.correlationsearch.annotations"]) == {
        "analytic_story": ["A Story"], "cis20": ["CIS 10"], "data_source": ["A Source"],
        "kill_chain_phases": ["Installation"], "mitre_attack": ["T1047"], "nist": ["DE.CM"], "type": "TTP",
        "type_list": ["TTP"],
    }  # fmt: skip
    assert json.loads(stanza["action.correlationsearch.metadata"]) == {
        "deprecated": "0", "detection_id": "22222222-2222-4222-8222-222222222222", "detection_version": "2",
        "publish_time": 1769904000.0,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "risk", "notable"), [("TTP", True, True), ("Anomaly", True, False), ("Hunting", False, False)]
)
def test_actions_follow_the_type(repository: Repository, kind: str, risk: bool, notable: bool) -> None:
    result = build(load(repository(detection=[("type: TTP", f"type: {kind}")])), repository.folder / "dist")
    stanza = conf(result.tree, "savedsearches.conf")[RULE]
    assert ("action.risk" in stanza, "action.notable" in stanza) == (risk, notable)


def test_a_notable_without_fields_of_its_own_names_the_risk_objects(repository: Repository) -> None:
    folder = repository(detection=[("field: user", "field: process")])
    deployment = folder / "deployments/ttp.yml"
    deployment.write_text(deployment.read_text().replace("    nes_fields: [user, dest]\n", ""))
    stanza = conf(build(load(folder), folder / "dist").tree, "savedsearches.conf")[RULE]
    assert stanza["action.notable.param.nes_fields"] == "dest,process"


def test_the_manifest_names_the_licence(repository: Repository) -> None:
    plain = build(load(repository()), repository.folder / "dist")
    assert json.loads((plain.tree / "app.manifest").read_text())["info"]["license"]["text"] is None
    folder = repository({"LICENSE": "Do as you like.\n"})
    (folder / "app.yml").write_text((folder / "app.yml").read_text() + "license: Apache-2.0\n")
    built = build(load(folder), folder / "dist")
    assert (built.tree / "LICENSE").read_text() == "Do as you like.\n"
    manifest = json.loads((built.tree / "app.manifest").read_text())
    assert manifest["info"]["license"] == {"name": "Apache-2.0", "text": "./LICENSE", "uri": None}


def test_the_files_of_an_app(repository: Repository) -> None:
    result = build(load(repository()), repository.folder / "dist")
    macros = conf(result.tree, "macros.conf")
    assert macros["some_process_filter"]["definition"] == "search *"
    assert macros["events"]["definition"] == "index=main"
    story = conf(result.tree, "analyticstories.conf")["analytic_story://A Story"]
    assert json.loads(story["searches"]) == [RULE]
    assert json.loads(story["maintainers"]) == [{"company": "Company", "email": "-", "name": "Somebody"}]
    app = conf(result.tree, "app.conf")
    assert (app["package"]["id"], app["launcher"]["version"], app["ui"]["label"]) == ("test_app", "1.0.0", "Test app")
    manifest = json.loads((result.tree / "app.manifest").read_text())
    assert manifest["info"]["id"] == {"group": None, "name": "test_app", "version": "1.0.0"}
    meta = parse((result.tree / "metadata/default.meta").read_text()).settings()
    assert meta[""] == {"access": "read : [ * ], write : [ admin, sc_admin, power ]", "export": "system"}
    assert len(list((result.tree / "static").glob("appIcon*.png"))) == 4  # the content brings none of its own
    assert not (result.tree / "bin").exists() and not (result.tree / "default/commands.conf").exists()


def test_the_package_is_the_same_whoever_builds_it(repository: Repository, tmp_path: Path) -> None:
    folder = repository()
    first = build(load(folder), tmp_path / "one")
    old = os.umask(0o077)
    try:
        for path in folder.rglob("*.yml"):
            os.utime(path, (1, 1))
        second = build(load(folder), tmp_path / "two" / "deeper")
    finally:
        os.umask(old)
    assert first.package.read_bytes() == second.package.read_bytes()
    assert first.sha256 == hashlib.sha256(second.package.read_bytes()).hexdigest()
    with tarfile.open(second.package) as tar:
        members = tar.getmembers()
    assert [m.name for m in members] == sorted(m.name for m in members)
    assert {(m.uid, m.gid, m.uname, m.gname, m.mtime) for m in members} == {(0, 0, "", "", 315532800)}
    assert {m.mode for m in members if m.isfile()} == {0o644} and {m.mode for m in members if m.isdir()} == {0o755}
    assert all(m.name.split("/")[0] == "test_app" for m in members)
    header = second.package.read_bytes()[:10]
    assert header[3] == 0 and header[4:8] == b"\0\0\0\0"  # no file name, no time


def test_a_second_build_leaves_nothing_of_the_first(repository: Repository) -> None:
    out = repository.folder / "dist"
    first = build(
        load(repository({"lookups/l.yml": "name: l\ndescription: d\nlookup_type: csv\n", "lookups/l.csv": "a\n"})), out
    )
    assert (first.tree / "lookups/l.csv").is_file()
    second = build(load(repository({"lookups/l.yml": None, "lookups/l.csv": None})), out)
    assert not (second.tree / "lookups/l.csv").exists()
    assert {p.suffix for p in out.iterdir() if p.is_file()} == {".gz"}


def test_content_with_errors_is_not_built(repository: Repository) -> None:
    with pytest.raises(FindingsError, match="bad-token"):
        build(load(repository(detection=[("on $dest$", "on $dest")])), repository.folder / "dist")
    assert not (repository.folder / "dist").exists()


ENRICHED = [("tests:", "enrichment:\n  field: process\ntests:")]


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> None:
    module = importlib.import_module("caltrop.render.assemble")
    monkeypatch.setattr(module, "sdk_files", lambda cache: {"lib/splunklib/__init__.py": b""})


@pytest.mark.usefixtures("sdk")
def test_enrichment_comes_before_the_filter(repository: Repository) -> None:
    result = build(load(repository({"app/bin/enrichhits.py": "# a command\n"}, ENRICHED)), repository.folder / "dist")
    search = conf(result.tree, "savedsearches.conf")[RULE]["search"]
    assert " ".join(search.split()).endswith(
        '| stats count by dest user process | enrichhits detection="Some Process" field="process" | `some_process_filter`'
    )
    command = conf(result.tree, "commands.conf")["enrichhits"]
    assert command == {
        "filename": "enrichhits.py", "chunked": "true", "python.version": "python3", "python.required": "3.9, 3.13",
    }  # fmt: skip
    (row,) = csv.DictReader(io.StringIO((result.tree / "lookups/caltrop_detections.csv").read_text()))
    assert row == {
        "detection": "Some Process", "detection_id": "22222222-2222-4222-8222-222222222222",
        "mitre_technique_id": "T1047", "mitre_technique": "Windows Management Instrumentation",
        "mitre_tactic": "Execution", "kill_chain_phase": "Installation", "analytic_story": "A Story",
        "risk_score": "50", "risk_message": "Process $process$ ran on $dest$", "script_field": "process",
    }  # fmt: skip
    assert conf(result.tree, "transforms.conf")["caltrop_detections"]["filename"] == "caltrop_detections.csv"


@pytest.mark.parametrize(
    ("search", "stages"),
    [
        ("index=x | stats count | `f`", ["search", "stats", "enrichhits", "f"]),
        ("index=x | stats count | `f` | sort - count", ["search", "stats", "enrichhits", "f", "sort"]),
        ("index=x | stats count\n| ```tune | here``` `f` ```the | end```", ["search", "stats", "enrichhits", "f"]),
        ('index=x ```| `f` ``` | eval a="|" | search b=1 `f`', ["search", "eval", "enrichhits", "search"]),
        ('index=x | where a="x | y" AND b=1 | `f`', ["search", "where", "enrichhits", "f"]),
        ("index=x `f` | stats count", ["search", "enrichhits", "search", "stats"]),
        ("`f`", ["search", "enrichhits"]),
        ("| tstats count where index=x `f`", ["tstats", "enrichhits", "search"]),
        ("index=x | append [search index=y | head 1] | `f`", ["search", "append", "enrichhits", "f"]),
    ],
)
def test_enrichment_comes_before_the_filter_wherever_that_is(search: str, stages: list[str]) -> None:
    enrichment = Enrichment(field='x" | delete')
    item = Detection(name="A b", file="f", search=search.replace("`f`", "`a_b_filter`"), enrichment=enrichment)
    found = [getattr(c, "name", "") for c in parse_spl(shipped_search(item)).commands]
    assert [("f" if n == item.filter_macro else n) for n in found] == stages


def shipped(search: str, enrichment: Enrichment) -> str:
    item = Detection(name="A b", file="f", search=search.replace("`f`", "`a_b_filter`"), enrichment=enrichment)
    return " ".join(shipped_search(item).split())


def test_lookups_come_after_the_command() -> None:
    lookups = (
        EnrichmentLookup(name="assets", match=("ip AS remote_host",), output=("owner", "prio AS asset priority")),
        EnrichmentLookup(name="allowed.csv", match=("remote_command", "dest"), output=("reason",)),
    )
    assert shipped("index=x | stats count by dest | `f`", Enrichment(lookups=lookups)) == (
        'index=x | stats count by dest | enrichhits detection="A b" | lookup assets ip AS remote_host OUTPUT owner prio AS "asset priority" '
        "| lookup allowed.csv remote_command dest OUTPUT reason | `a_b_filter`"
    )


def test_parts_of_a_script_are_joined_after_the_first_stage() -> None:
    found = shipped("`powershell` EventCode=4104 | search ScriptBlockText=*iwmi* | `f`", Enrichment(join=True))
    assert found.startswith('`powershell` EventCode=4104 | rex field=Message "(?s)^\\s*Creating Scriptblock text')
    assert found.endswith(' script_whole | search ScriptBlockText=*iwmi* | enrichhits detection="A b" | `a_b_filter`')


SPLIT = [
    {"n": "1", "Computer": "A", "ScriptBlockId": "s1", "MessageNumber": "2", "ScriptBlockText": "Method -CN H1 Win32_Process create calc.exe"},
    {"n": "2", "Computer": "A", "ScriptBlockId": "s1", "MessageNumber": "1", "ScriptBlockText": "Invoke-Wmi"},
    {"n": "3", "Computer": "A", "ScriptBlockId": "s2", "MessageNumber": "1", "ScriptBlockText": "Get-Date"},
    {"n": "4", "Computer": "B", "ScriptBlockText": "no id"},
    {"n": "5", "Computer": "B", "ScriptBlockText": "nor here"},
]  # fmt: skip


def test_what_is_joined() -> None:
    """The stage as the engine runs it: one row a script, its parts in order; rows without an id are left alone."""
    rows = " ".join(
        f"| append [| makeresults {''.join(f'| eval {k}={quoted(v)} ' for k, v in row.items())}]" for row in SPLIT
    )
    stage = shipped("`p` | `f`", Enrichment(join=True)).split("|", 1)[1].split("| enrichhits")[0]
    result = Instance(None, []).search(f"| makeresults | where 1=2 {rows} |{stage} | sort n | table n ScriptBlockText")
    texts = sorted(row["ScriptBlockText"] for row in result.table.frame.to_dicts())
    assert texts == ["Get-Date", "Invoke-WmiMethod -CN H1 Win32_Process create calc.exe", "no id", "nor here"]


ID, OTHER = "bd5b4fe0-879a-486c-8101-2b99875d257a", "cd5b4fe0-879a-486c-8101-2b99875d257a"


def classic(host: str, part: str, text: str, script: str, end: str) -> dict[str, str]:
    """The message of event 4104 as the classic rendering has it."""
    message = f"Creating Scriptblock text ({part}):{end}{text}{end}{end}ScriptBlock ID: {script}{end}Path: "
    return {"ComputerName": host, "Message": message}


CLASSIC = [
    classic("A", "2 of 2", "Method -CN H1\n\nScriptBlock ID: none\n", ID, "\r\n"),
    classic("A", "1 of 2", "Invoke-Wmi", ID, "\r\n"),
    classic("B", "1 of 1", "Get-Date", ID, "\n"),
    *(classic("A", f"{n} of 11", f"{n};", OTHER, "\n") for n in (11, 2, 10, 1, 3, 4, 5, 6, 7, 8, 9)),
    {"ComputerName": "A", "Message": "Pipeline execution details"},
    {"ComputerName": "A", "Message": "Pipeline execution details"},
]


def test_parts_in_the_classic_rendering_are_joined_by_their_messages(tmp_path: Path) -> None:
    """Number, text and id come out of the message; other messages are left alone, each by itself."""
    rows = " ".join(
        f"| append [| makeresults {''.join(f'| eval {k}=urldecode({quoted(quote(v))}) ' for k, v in row.items())}]"
        for row in CLASSIC
    )
    stage = shipped("`p` | `f`", Enrichment(join=True)).split("|", 1)[1].split("| enrichhits")[0]
    made = Instance(tmp_path / "d", []).search(f"| makeresults | where 1=2 {rows} |{stage}").table.frame.to_dicts()
    assert not {name for name in made[0] if name.startswith("script_")}
    found = sorted((row["ComputerName"], row["Message"], row.get("ScriptBlockText")) for row in made)
    whole = "Invoke-WmiMethod -CN H1\n\nScriptBlock ID: none\n"
    counted = "".join(f"{n};" for n in range(1, 12))
    other = ("A", "Pipeline execution details", None)
    assert found == sorted(
        [("A", whole, whole), ("B", "Get-Date", "Get-Date"), ("A", counted, counted), other, other], key=str
    )


def test_the_search_assistant_knows_the_command(repository: Repository, sdk: None) -> None:
    result = build(load(repository({"app/bin/enrichhits.py": "# a command\n"}, ENRICHED)), repository.folder / "dist")
    help_ = conf(result.tree, "searchbnf.conf")
    command = help_["enrichhits-command"]
    assert command["usage"] == "public" and "example1" in command and "related" in command
    for option in ("detection", "field"):
        assert f"<enrichhits-{option}-option>" in command["syntax"]
        assert help_[f"enrichhits-{option}-option"]["syntax"].startswith(f"{option}=")


def test_without_enterprise_security_rows_become_risk_events(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: Test\nversion: '1.0.0'\nauthor: {name: S}\nflavour: no-es\n"
    result = build(load(repository({"app.yml": app})), repository.folder / "dist")
    stanza = conf(result.tree, "savedsearches.conf")[RULE]
    assert not [key for key in stanza if key.startswith(("action.risk", "action.notable", "action.correlationsearch"))]
    assert (stanza["action.summary_index"], stanza["action.summary_index._name"]) == ("1", "risk")
    assert 'risk_message="Process " . coalesce(mvjoin(\'process\', ", "), "") . " ran on "' in stanza["search"]
    assert "mvexpand caltrop_risk" in stanza["search"]


def test_without_enterprise_security_throttling_keeps_every_risk_object_of_a_hit(repository: Repository) -> None:
    """There a hit has a row for each of its risk objects: throttled by dest and user alone, only the first would be written."""
    throttled = [("tests:", "throttling:\n  period: 1d\n  fields: [dest, user]\ntests:")]
    for flavour, fields in (("es", "dest,user"), ("no-es", "dest,user,risk_object,risk_object_type")):
        folder = repository(detection=throttled)
        (folder / "app.yml").write_text((folder / "app.yml").read_text() + f"flavour: {flavour}\n")
        stanza = conf(build(load(folder), folder / "dist").tree, "savedsearches.conf")[RULE]
        assert stanza["alert.suppress.fields"] == fields


def test_administrators_of_splunk_cloud_are_named_in_its_flavour(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: Test\nversion: '1.0.0'\nauthor: {name: S}\nflavour: "
    meta = "# admin [ admin ]\n[]\naccess = read : [ * ], write : [ admin, power ]\nexport = system\n"
    for flavour, wanted in (("es", meta), ("cloud", meta.replace("admin, power", "admin, power, sc_admin"))):
        folder = repository({"app.yml": app + flavour + "\n", "app/metadata/default.meta": meta})
        tree = build(load(folder), folder / "dist").tree
        assert (tree / "metadata/default.meta").read_text() == wanted


def test_other_actions_throttling_and_enabled_by_default(repository: Repository) -> None:
    changes = [("tests:", "enabled_by_default: true\nthrottling:\n  period: 1d\n  fields: [dest, user]\ntests:")]
    folder = repository(detection=changes)
    path = folder / "deployments/ttp.yml"
    email = "alert_action:\n  email:\n    subject: '%name% hit'\n    to: soc@example.org\n    message: see\n"
    path.write_text(path.read_text().replace("alert_action:\n", email))
    catalogue = load(folder)
    assert [str(p) for p in catalogue.problems] == []
    stanza = conf(build(catalogue, folder / "dist").tree, "savedsearches.conf")[RULE]
    expected = {
        "disabled": "false", "alert.suppress": "true", "alert.suppress.period": "1d",
        "alert.suppress.fields": "dest,user", "alert.digest_mode": "0", "action.email.subject.alert": "Some Process hit",
        "action.email.to": "soc@example.org", "action.email.useNSSubject": "1",
    }  # fmt: skip
    assert {key: stanza.get(key) for key in expected} == expected


def test_enterprise_security_8_scores_the_finding_itself(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: Test\nversion: '1.0.0'\nauthor: {name: S}\nes_version: 8\n"
    result = build(load(repository({"app.yml": app})), repository.folder / "dist")
    stanza = conf(result.tree, "savedsearches.conf")[RULE]
    assert stanza["action.correlationsearch.detection_type"] == "ebd"
    assert json.loads(stanza["action.notable.param._entities"]) == [
        {"risk_object_field": "dest", "risk_object_type": "system", "risk_score": 50}
    ]
    assert json.loads(stanza["action.risk.param._risk"]) == [
        {"risk_object_field": "user", "risk_object_type": "user", "risk_score": 40},
        {"threat_object_field": "process", "threat_object_type": "process"},
    ]


def test_the_sdk_is_taken_only_with_the_pinned_hash(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / vendor.WHEEL).write_bytes(b"something else")

    def download(folder: Path) -> None:
        (folder / vendor.WHEEL).write_bytes(b"not it either")

    monkeypatch.setattr(vendor, "_download", download)
    with pytest.raises(CaltropError, match="expected sha256"):
        vendor.sdk_files(tmp_path)
    assert not (tmp_path / vendor.WHEEL).exists()


@pytest.mark.shared
def test_parity_with_the_oracle(shared: Path, tmp_path: Path) -> None:
    from caltrop.render.compare import compare

    content = load(shared / "corpus/escu", checks=False)
    content.config = msgspec.structs.replace(content.config, views=())  # which the other generator does not make
    result = build(content, tmp_path)
    comparison = compare(shared / "oracle/escu", result.tree)
    assert comparison.percent >= 99.9
    whole = {(d.file, d.stanza) for d in comparison.differences if not d.key}
    # Nothing is missing; AppInspect asks for these two more.
    assert {file.rpartition("/")[2] for file, _ in whole} <= {"app.conf", "server.conf"}
    assert not [d for d in comparison.differences if not d.key and d.left]
    allowed = {"", "max_matches", "info.releaseDate", "references", "build", "info.license.text"}
    assert {d.key for d in comparison.differences} <= allowed


def test_an_output_that_cannot_be_written_is_an_error_in_a_sentence(
    repository: Repository, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = repository()
    assert main(["build", "--content", str(folder), "--out", str(folder / "app.yml")]) == 2
    err = capsys.readouterr().err
    assert "Not a directory" in err and "internal error" not in err

"""`caltrop new --sigma`: rules of all shapes convert, validate and find what they are about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from caltrop.cli.new import command
from caltrop.content import Catalogue, Detection, load
from caltrop.content.model import snake
from caltrop.corpus.run import as_command, instance_of
from caltrop.errors import CaltropError
from caltrop.knowledge import layers

from .rules import ALL, AWS, CONDITIONS, MODIFIERS, ODD, VALUES, Case, line, ran


def bring_in(folder: Path, rules: Path, *options: str) -> Result:
    return CliRunner().invoke(
        command,
        ["--content", str(folder), "--sigma", str(rules), *options],
        standalone_mode=False,
        catch_exceptions=False,
    )


@pytest.fixture(scope="module")
def converted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Catalogue]:
    """All rules, in one repository."""
    folder = tmp_path_factory.mktemp("sigma")
    rules = folder / "rules"
    rules.mkdir()
    for number, case in enumerate(ALL):
        (rules / f"rule_{number:03}.yml").write_text(case.text, encoding="utf-8")
    result = bring_in(folder / "content", rules)
    return result, load(folder / "content")


def of(catalogue: Catalogue, title: str) -> Detection:
    found = catalogue.detection(snake(title))
    assert found is not None, title
    return found


def test_a_hundred_rules_convert_and_validate(converted: tuple[Result, Catalogue]) -> None:
    result, catalogue = converted
    assert len(ALL) >= 100
    assert result.return_value == 0, result.stderr
    assert result.stderr.splitlines()[-1] == f"{len(ALL)} detections made, 0 rules not converted"
    assert [str(p) for p in catalogue.problems if p.severity == "error"] == []


def test_all_of_them_run(converted: tuple[Result, Catalogue]) -> None:
    _, catalogue = converted
    with instance_of(catalogue, (), layers()) as (instance, _):
        for detection in catalogue.detections:
            instance.search(as_command(detection.search), app=catalogue.config.id)


@pytest.fixture(scope="module")
def finds(converted: tuple[Result, Catalogue], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """How many of some events a rule's search finds."""
    _, catalogue = converted
    folder = tmp_path_factory.mktemp("events")

    def count(case: Case, events: tuple[Any, ...]) -> list[int]:
        path = folder / "events.json"
        counts = []
        for event in events:
            path.write_text(line(event) + "\n", encoding="utf-8")
            with instance_of(catalogue, (), layers()) as (instance, _):
                given = {"sourcetype": "aws:cloudtrail"} if case.logsource == AWS else {}
                instance.add_file(path, instance.import_options(windows="xml", **given))
                found = instance.search(as_command(of(catalogue, case.title).search), app=catalogue.config.id)
                counts.append(len(found.table))
        return counts

    return count


@pytest.mark.slow
@pytest.mark.parametrize("case", [*VALUES, *MODIFIERS, *CONDITIONS], ids=lambda case: case.title)
def test_a_rule_finds_what_it_is_about_and_nothing_else(finds: Any, case: Case) -> None:
    assert finds(case, case.hits) == [1] * len(case.hits)
    assert finds(case, case.misses) == [0] * len(case.misses)
    assert case.hits or case.misses


def test_what_a_rule_says_of_itself_is_kept(converted: tuple[Result, Catalogue]) -> None:
    found = of(converted[1], "Contains All")
    assert (found.author, found.creation_date, found.status, found.type) == (
        "Caltrop contributors", "2026-01-02", "experimental", "TTP"
    )  # fmt: skip
    assert found.references == ("https://example.org/reference",)
    assert found.mitre_attack_id == ("T1059.001",)
    assert found.known_false_positives == "Administrators"
    assert [(e.field, e.type, e.score) for e in found.entities] == [("dest", "system", 75), ("user", "user", 75)]
    assert found.search.startswith("`sysmon` EventCode=1 ")


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("Meta stable critical", ("production", "TTP", 95)),
        ("Meta deprecated low", ("deprecated", "Anomaly", 25)),
        ("Meta unsupported medium", ("experimental", "Anomaly", 50)),
        ("Meta experimental informational", ("experimental", "Hunting", 0)),
    ],
)
def test_status_and_level(converted: tuple[Result, Catalogue], title: str, expected: tuple[str, str, int]) -> None:
    found = of(converted[1], title)
    assert (found.status, found.type, max((e.score for e in found.entities), default=0)) == expected


def test_what_the_author_has_to_know_is_said(converted: tuple[Result, Catalogue]) -> None:
    said = converted[0].stderr
    assert (
        "Source nobody_knows thing: nothing says where nobody_knows thing is: `sigma_nobody_knows_thing` finds everything"
        in said
    )
    assert "Placeholder: `sigma_list_administrators` stands for %administrators%" in said
    assert "Meta unsupported low: its author calls it unsupported" in said


# --- correlations ----------------------------------------------------------------------------------------------------------

BASES = """\
title: Failed
name: failed
logsource: {product: windows, service: security}
detection: {s: {EventID: 4625}, condition: s}
---
title: Worked
name: worked
logsource: {product: windows, service: security}
detection: {s: {EventID: 4624}, condition: s}
"""


def correlation(kind: str, rules: list[str], condition: dict[str, Any] | None) -> str:
    inner: dict[str, Any] = {"type": kind, "rules": rules, "group-by": ["TargetUserName"], "timespan": "10m"}
    if condition is not None:
        inner["condition"] = condition
    body = {
        "title": f"Many {kind}",
        "id": "0aaaaaaa-0000-4000-8000-000000000001",
        "level": "high",
        "correlation": inner,
    }
    bases = [base for base in BASES.split("---\n") if any(f"name: {rule}\n" in base for rule in rules)]
    return "---\n".join([*bases, yaml.safe_dump(body)])


def logon(code: int, second: int, **fields: Any) -> dict[str, Any]:
    time = f"2026-01-01T00:00:{second:02}.000Z"
    return {"EventID": code, "Channel": "Security", "Hostname": "h1", "SourceName": "Microsoft-Windows-Security-Auditing",
            "@timestamp": time, "EventTime": time, "TargetUserName": "ann", **fields}  # fmt: skip


THREE = [
    logon(4625, 1, IpAddress="10.0.0.1", LogonType=3),
    logon(4625, 2, IpAddress="10.0.0.2", LogonType=10),
    logon(4624, 3),
]


@pytest.mark.parametrize(
    ("kind", "rules", "condition", "other"),
    [
        ("event_count", ["failed"], {"gte": 2}, {"gte": 3}),
        ("value_count", ["failed"], {"field": "IpAddress", "gte": 2}, {"field": "IpAddress", "gte": 3}),
        ("value_sum", ["failed"], {"field": "LogonType", "gte": 13}, {"field": "LogonType", "gte": 14}),
        ("value_avg", ["failed"], {"field": "LogonType", "gt": 6}, {"field": "LogonType", "gt": 7}),
        ("value_median", ["failed"], {"field": "LogonType", "gt": 6}, {"field": "LogonType", "gt": 7}),
        ("value_percentile", ["failed"], {"field": "LogonType", "gt": 2, "percentile": 50}, {"field": "LogonType", "gt": 11, "percentile": 50}),
        ("temporal", ["failed", "worked"], None, {"gte": 3}),
    ],
)  # fmt: skip
def test_correlations_count_as_their_rule_says(
    tmp_path: Path, kind: str, rules: list[str], condition: dict[str, Any] | None, other: dict[str, Any]
) -> None:
    assert found_by(tmp_path / "a", correlation(kind, rules, condition), THREE) == 1
    assert found_by(tmp_path / "b", correlation(kind, rules, other), THREE) == 0


def test_an_ordered_correlation_takes_the_order_alone(tmp_path: Path) -> None:
    text = correlation("temporal_ordered", ["failed", "worked"], None)
    assert found_by(tmp_path / "a", text, THREE) == 1
    assert found_by(tmp_path / "b", text, [logon(4624, 1), logon(4625, 2)]) == 0


def found_by(folder: Path, text: str, events: list[Any]) -> int:
    folder.mkdir()
    (folder / "rule.yml").write_text(text)
    (folder / "events.json").write_text("".join(line(event) + "\n" for event in events))
    result = bring_in(folder / "content", folder / "rule.yml")
    assert result.return_value == 0, result.stderr
    catalogue = load(folder / "content")
    assert len(catalogue.detections) == 1  # what it brings together is nothing by itself
    with instance_of(catalogue, [str(folder / "events.json")], layers()) as (instance, _):
        return len(instance.search(as_command(catalogue.detections[0].search), app=catalogue.config.id).table)


# --- what goes wrong -------------------------------------------------------------------------------------------------------


def test_a_rule_that_cannot_be_converted_is_named_and_the_others_are_made(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "good.yml").write_text(VALUES[0].text)
    (rules / "broken.yml").write_text("title: [")
    bad = Case("Bad Condition", AWS, {"s": {"a": "b"}, "condition": "s and nothing_of_that_name"})
    (rules / "condition.yml").write_text(bad.text)
    (rules / "lonely.yml").write_text(correlation("event_count", ["failed"], {"gte": 2}).rpartition("---")[2])
    (rules / "workflow.yml").write_text("on: push\n")  # no rule, and not called one
    result = bring_in(tmp_path / "content", rules)
    assert result.return_value == 1
    assert [d.name for d in load(tmp_path / "content").detections] == ["Plain Value"]
    assert f"{rules / 'broken.yml'}: not converted: broken.yml: not YAML" in result.stderr
    assert f"{rules / 'condition.yml'}: not converted: Bad Condition: " in result.stderr
    assert (
        f"{rules / 'lonely.yml'}: not converted: Many event_count: the rule 'failed' that it is about is not here"
        in result.stderr
    )
    assert "workflow" not in result.stderr
    assert result.stderr.splitlines()[-1] == "1 detections made, 3 rules not converted"


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(VALUES[0].text)
    bring_in(tmp_path / "content", tmp_path / "rule.yml")
    path = tmp_path / "content" / "detections" / "endpoint" / "plain_value.yml"
    path.write_text(path.read_text().replace("Administrators", "Nobody"))
    result = bring_in(tmp_path / "content", tmp_path / "rule.yml")
    assert "there is such a detection" in result.stderr
    assert "Nobody" in path.read_text()


def test_two_rules_of_one_title_both_become_detections(tmp_path: Path) -> None:
    twice = VALUES[0].text + "---\n" + VALUES[0].text.replace("id: ", "id: 1", 1).replace("id: 1", "id: ", 1)
    other = yaml.safe_load(VALUES[0].text) | {"id": "12345678-0000-4000-8000-000000000000"}
    (tmp_path / "rule.yml").write_text(twice.partition("---")[0] + "---\n" + yaml.safe_dump(other))
    assert bring_in(tmp_path / "content", tmp_path / "rule.yml").return_value == 0
    names = sorted(d.name for d in load(tmp_path / "content").detections)
    assert names == ["Plain Value", "Plain Value 12345678"]


@pytest.mark.parametrize("text", ["on: push\n", "- a\n- b\n", ""])
def test_a_file_that_is_no_rule_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yml").write_text(text)
    with pytest.raises(CaltropError, match="no Sigma rule"):
        bring_in(tmp_path / "content", tmp_path / "x.yml")


def test_the_data_model_form_reads_data_models_and_names_what_it_cannot(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.yml").write_text(VALUES[0].text)
    other = Case("No Model", {"product": "windows", "service": "security"}, {"s": {"EventID": 1}, "condition": "s"})
    (rules / "b.yml").write_text(other.text)
    result = bring_in(tmp_path / "content", rules, "--sigma-form", "cim")
    assert "b.yml: not converted: No Model: " in result.stderr
    catalogue = load(tmp_path / "content")
    assert [p for p in catalogue.problems if p.severity == "error"] == []
    assert "from datamodel=Endpoint.Processes where Processes.process_path=" in catalogue.detections[0].search
    (tmp_path / "e.json").write_text(line(ran(Image=ODD)) + "\n" + line(ran()) + "\n")
    with instance_of(catalogue, [str(tmp_path / "e.json")], layers()) as (instance, _):
        assert len(instance.search(as_command(catalogue.detections[0].search), app=catalogue.config.id).table) == 1


# --- tests of rules ----------------------------------------------------------------------------------------------------------


def test_sample_events_of_a_rule_become_tests(tmp_path: Path) -> None:
    own = [
        {"name": "It hits", "events": [{"Image": ODD}]},
        {"name": "It does not", "events": [{"Image": "x"}], "match": False},
    ]
    case = Case(
        "With Tests", VALUES[0].logsource, VALUES[0].detection, more={"tests": own, "examples": [{"Image": ODD}]}
    )
    (tmp_path / "rule.yml").write_text(case.text)
    result = bring_in(tmp_path / "content", tmp_path / "rule.yml")
    assert result.return_value == 0, result.stderr
    catalogue = load(tmp_path / "content")
    first, second = catalogue.detections[0].tests
    assert (first.name, second.name) == ("It hits", "Sample events")
    assert [d.data for d in first.benign] == ["tests/data/sigma/with_tests_2.json"]
    data = [str(tmp_path / "content" / d.data) for t in (first, second) for d in (*t.attack_data, *t.benign)]
    with instance_of(catalogue, data, layers()) as (instance, events):
        found = instance.search(as_command(catalogue.detections[0].search), app=catalogue.config.id)
    assert (events, len(found.table)) == (3, 2)


def test_regression_tests_of_sigmahq_become_tests(tmp_path: Path) -> None:
    place = "regression_data/rules/odd/info.yml"
    listed = [{"name": "Positive", "type": "json", "match_count": 1, "path": "regression_data/rules/odd/odd.json"},
              {"name": "Elsewhere", "type": "json", "path": "../../secret.json"}]  # fmt: skip
    folder = tmp_path / "sigma" / "regression_data" / "rules" / "odd"
    folder.mkdir(parents=True)
    (folder / "info.yml").write_text(yaml.safe_dump({"regression_tests_info": listed}))
    (folder / "odd.json").write_text(line(ran(Image=ODD)) + "\n")
    case = Case("Regression", VALUES[0].logsource, VALUES[0].detection, more={"regression_tests_path": place})
    rule = tmp_path / "sigma" / "rules" / "windows" / "odd.yml"
    rule.parent.mkdir(parents=True)
    rule.write_text(case.text)
    result = bring_in(tmp_path / "content", rule)
    (test,) = load(tmp_path / "content").detections[0].tests
    assert (test.name, test.expect.hits.at_least, test.attack_data[0].rendering) == ("Positive", 1, "xml")
    assert (tmp_path / "content" / test.attack_data[0].data).read_text() == (folder / "odd.json").read_text()
    assert "the data of test 2 is not here" in result.stderr

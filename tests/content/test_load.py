"""Every fault is found, has its place and its code; content without faults has none."""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.errors import CaltropError
from tests.content.sample import DETECTION, MACRO, STORY, Repository

WHERE = "detections/endpoint/some_process.yml"


def codes(path: Path) -> list[str]:
    return [p.code for p in load(path).problems]


def test_sound_content_has_no_problem(repository: Repository) -> None:
    catalogue = load(repository())
    assert catalogue.problems == []
    (detection,) = catalogue.detections
    assert detection.message == "Process $process$ ran on $dest$"
    assert [(e.field, e.type, e.score, e.threat, e.finding) for e in detection.entities] == [
        ("dest", "system", 50, False, True),
        ("user", "user", 40, False, False),
        ("process", "process", 0, True, False),
    ]
    assert detection.entities[1].message == "User $user$ ran $process$"
    assert detection.filter_macro == "some_process_filter"


def line_of(text: str, detection: list[tuple[str, str]]) -> int:
    """The line of the changed detection on which `text` stands."""
    changed = DETECTION
    for old, new in detection:
        changed = changed.replace(old, new, 1)
    return changed[: changed.index(text)].count("\n") + 1


@pytest.mark.parametrize(
    ("code", "detection", "at"),
    [
        ("unknown-field", [("version: 2", "versoin: 2\nversion: 2")], "versoin"),
        ("missing-field", [("author: Somebody\n", "")], ""),
        ("wrong-type", [("version: 2", "version: two")], "version"),
        ("wrong-value", [("type: TTP", "type: TPP")], "type: TPP"),
        ("bad-date", [("'2026-02-01'", "'2026-02-31'")], "modification"),
        ("bad-id", [("22222222-2222-4222-8222-222222222222", "22222222-2222-4222-8222")], "id:"),
        ("date-order", [("'2026-02-01'", "'2025-02-01'")], "modification"),
        ("out-of-range", [("score: 50", "score: 150")], "score: 150"),
        ("wrong-value", [("- T1047", "- T47")], "- T47"),
        ("unknown-technique", [("- T1047", "- T1000")], "- T1000"),
        ("unknown-story", [("- A Story", "- B Story")], "- B Story"),
        ("file-name", [("name: Some Process\n", "name: Another Process\n"), ("some_process_f", "another_process_f")], "name:"),
        ("unknown-macro", [("`events`", "`event`")], "search:"),
        ("unknown-macro", [("`events`", "`events(1)`")], "search:"),
        ("unknown-lookup", [("| stats", "| lookup nowhere dest OUTPUT owner | stats")], "search:"),
        ("spl-syntax", [("| stats count by", "| stats count( by")], "search:"),
        ("filter-macro", [("| `some_process_filter`", "")], "search:"),
        ("filter-macro", [("_filter`", "_filter` | head 1")], "search:"),
        ("bad-token", [("on $dest$", "on $dest by abuse")], "title:"),
        ("bad-token", [("on $dest$", "on $$ by abuse")], "title:"),
        ("token-not-output", [("on $dest$", "on $host$")], "title:"),
        ("entity-not-output", [("field: dest", "field: host")], "field: host"),
        ("entity-not-output", [("field: process", "field: parent")], "field: parent"),
        ("threat-type", [("  type: process", "  type: proces")], "type: proces"),
        ("enrichment-not-output", [("tests:", "enrichment: {field: proces}\ntests:")], "enrichment"),
        ("enrichment-not-output", [("by dest user process", "by dest user"), ("tests:", "enrichment: true\ntests:")], "enrichment"),
        ("unknown-lookup", [("tests:", "enrichment:\n  lookups:\n  - {name: nowhere, match: dest, output: [a]}\ntests:")], "{name"),
        (
            "enrichment-not-output",
            [("tests:", "enrichment:\n  lookups:\n  - {name: geo_attack, match: ip AS remote_hst, output: [a]}\ntests:")],
            "{name",
        ),
        ("throttle-not-output", [("tests:", "throttling:\n  period: 1d\n  fields: [host]\ntests:")], "fields"),
        (
            "drilldown-not-output",
            [("tests:", "drilldown_searches:\n- name: See $host$\n  search: index=x\ntests:")],
            "- name: See",
        ),
        ("no-risk", [("finding:\n  title: Process $process$ ran on $dest$\n  entity:\n    field: dest\n    type: system\n    score: 50\nintermediate_findings:\n  entities:\n  - field: user\n    type: user\n    score: 40\n    message: User $user$ ran $process$\n", "")], "type: TTP"),
        ("unwanted-risk", [("type: TTP", "type: Hunting")], "finding:"),
        ("finding-type", [("type: TTP", "type: Anomaly")], "finding:"),
        ("score-mismatch", [("tests:", "impact: 90\nconfidence: 90\ntests:")], "score: 50"),
        ("duplicate-key", [("version: 2", "version: 1\nversion: 2")], "version: 2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_a_fault_is_found_where_it_is(
    repository: Repository, code: str, detection: list[tuple[str, str]], at: str
) -> None:
    problems = load(repository(detection=detection)).problems
    found = [p for p in problems if p.code == code]
    assert found, [str(p) for p in problems]
    assert found[0].file == WHERE
    if at:
        assert found[0].line == line_of(at, detection)
        assert found[0].column >= 1
    assert found[0].message


def test_a_notable_names_fields_that_its_searches_give(repository: Repository) -> None:
    """One finding where the deployment says it, for all searches of the type; none for those without notables."""
    folder = repository(detection=[("by dest user process", "by dest process")])
    (problem,) = [p for p in load(folder).problems if p.code == "notable-not-output"]
    lines = (folder / "deployments/ttp.yml").read_text().split("\n")
    assert (problem.file, problem.line) == ("deployments/ttp.yml", lines.index("    nes_fields: [user, dest]") + 1)
    assert lines[problem.line - 1][problem.column - 1 :].startswith("user")
    assert problem.severity == "warning" and "'user'" in problem.message and "'Some Process'" in problem.message
    quiet = repository(detection=[("by dest user process", "by dest process"), ("type: TTP", "type: Anomaly")])
    assert not [p for p in load(quiet).problems if p.code == "notable-not-output"]


def test_an_unclosed_token_has_line_and_column(repository: Repository) -> None:
    problems = load(repository(detection=[("Process $process$ ran on $dest$", "Run from $dest by $process$")])).problems
    (problem,) = [p for p in problems if p.code == "bad-token"]
    assert problem.line == line_of("Run from", [("Process $process$ ran on $dest$", "Run from $dest by")])
    assert problem.column == len("  title: Run from ") + 1
    assert "$dest" in problem.message
    assert "$dest$" in problem.hint


def test_all_faults_come_at_once(repository: Repository) -> None:
    found = codes(
        repository(
            {"macros/events.yml": MACRO + "colour: red\n", "stories/a_story.yml": "name: [\n"},
            [("type: TTP", "type: TPP"), ("`events`", "`nothing`"), ("on $dest$", "on $dest")],
        )
    )
    assert {"unknown-field", "yaml-syntax", "wrong-value", "unknown-macro", "bad-token"} <= set(found)


@pytest.mark.parametrize(
    ("code", "files"),
    [
        ("duplicate-id", {"stories/b.yml": STORY.replace("A Story", "B")}),
        ("duplicate-name", {"macros/Events.yml": MACRO}),
        ("empty-story", {"stories/b.yml": STORY.replace("A Story", "B").replace("11111111", "33333333")}),
        ("unused-macro", {"macros/other.yml": MACRO.replace("events", "other")}),
        ("unused-lookup", {"lookups/l.yml": "name: l\ndescription: d\nlookup_type: csv\n", "lookups/l.csv": "a,b\n"}),
        ("missing-data", {"lookups/l.yml": "name: l\ndescription: d\nlookup_type: csv\n"}),
        ("lookup-header", {"lookups/l.yml": "name: l\ndescription: d\nfilename: l.csv\n", "lookups/l.csv": "a,a\n"}),
        (
            "lookup-header",
            {"lookups/l.yml": "name: l\ndescription: d\nfilename: l.csv\n", "lookups/l.csv": "a" * 200_000},
        ),
        ("missing-data", {"dashboards/d.yml": MACRO.replace("events", "d"), "dashboards/d.json": "{"}),
        (
            "macro-loop",
            {
                "macros/events.yml": MACRO.replace("index=main", "'`other`'"),
                "macros/other.yml": MACRO.replace("events", "other").replace("index=main", "a `events`"),
            },
        ),
        (
            "duplicate-name",
            {
                "detections/web/some_process.yml": DETECTION.replace("Some Process", "Some-Process").replace(
                    "22222222", "33333333", 1
                )
            },
        ),
        ("no-deployment", {"deployments/ttp.yml": None}),
        ("yaml-syntax", {"macros/events.yml": "name: a: b\n"}),
        ("wrong-type", {"macros/empty.yml": ""}),
    ],
)
def test_faults_between_files(repository: Repository, code: str, files: dict[str, str | None]) -> None:
    assert code in codes(repository(files))


def test_severity_can_be_set_and_overridden_with_a_reason(repository: Repository) -> None:
    broken = [("on $dest$", "on $host$")]
    app = "id: t_app\nlabel: T\nprefix: T\nversion: '1.0.0'\nauthor: {name: S}\n"
    rules = app + "validation:\n  rules:\n    token-not-output: warning\n"
    catalogue = load(repository({"app.yml": rules}, broken))
    assert [(p.code, p.severity) for p in catalogue.problems] == [("token-not-output", "warning")]
    override = (
        app + "validation:\n  overrides:\n  - detection: Some Process\n    rule: token-not-output\n"
        "    severity: off\n    reason: the field comes from an add-on\n"
    )
    assert load(repository({"app.yml": override}, broken)).problems == []
    other = override.replace("Some Process", "Another")
    assert load(repository({"app.yml": other}, broken)).errors


def test_what_lives_elsewhere_can_be_declared(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: T\nversion: '1.0.0'\nauthor: {name: S}\nvalidation:\n  external:\n"
    app += "    macros: [theirs]\n    lookups: [assets]\n"
    changes = [("`events`", "`theirs`"), ("| stats", "| lookup assets dest OUTPUT owner | stats")]
    problems = load(repository({"app.yml": app, "macros/events.yml": None}, changes)).problems
    assert [str(p) for p in problems] == []


def test_a_missing_folder_is_said_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_a_repository_without_configuration_is_read_all_the_same(repository: Repository) -> None:
    catalogue = load(repository({"app.yml": None}, [("on $dest$", "on $host$")]))
    assert catalogue.errors and not catalogue.blocking


def test_2021_tests_are_attached_to_their_detection(repository: Repository) -> None:
    test = (
        "name: Some Process Unit Test\ntests:\n- name: Some Process\n  file: endpoint/some_process.yml\n"
        "  pass_condition: '| stats count | where count > 0'\n  attack_data:\n  - file_name: a.log\n"
        "    data: https://example.org/a.log\n    source: s\n    sourcetype: t\n"
    )
    catalogue = load(repository({"tests/endpoint/some_process.test.yml": test}))
    assert [t.name for t in catalogue.detections[0].tests] == ["True Positive Test", "Some Process"]
    assert catalogue.detections[0].tests[1].attack_data[0].data == "https://example.org/a.log"


@pytest.mark.shared
@pytest.mark.parametrize(("folder", "detections"), [("escu", 1057), ("escu-2026", 57)])
def test_the_corpora_load_and_only_their_own_faults_are_errors(shared: Path, folder: str, detections: int) -> None:
    catalogue = load(shared / "corpus" / folder)
    assert len(catalogue.detections) == detections
    # What is wrong with these files is wrong in the search or its references, not in how they are read.
    reading = {"yaml-syntax", "unknown-field", "missing-field", "wrong-type", "wrong-value", "bad-date", "bad-id",
               "file-name", "duplicate-name", "spl-syntax"}  # fmt: skip
    assert [str(p) for p in catalogue.errors if p.code in reading] == []


@pytest.mark.parametrize("filename", ["../../secret.csv", "/etc/passwd", "../app.yml/../../secret.csv"])
def test_a_lookup_cannot_reach_out_of_the_repository(repository: Repository, filename: str) -> None:
    folder = repository({"lookups/l.yml": f"name: l\ndescription: d\nfilename: {filename}\n"})
    (folder.parent / "secret.csv").write_text("a\n1\n")
    catalogue = load(folder)
    assert "missing-data" in {p.code for p in catalogue.problems}
    assert catalogue.data_path(catalogue.lookups[0].data_file) is None


def test_links_are_not_followed(repository: Repository, tmp_path: Path) -> None:
    folder = repository()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "x.yml").write_text("name: x\ndefinition: secret\n")
    (folder / "macros/x.yml").symlink_to(outside / "x.yml")
    (folder / "macros/more").symlink_to(outside)
    assert [m.name for m in load(folder).macros] == ["events"]


@pytest.mark.parametrize(("key", "value"), [("appid", "../../elsewhere"), ("version", "1/../2")])
def test_names_of_output_files_cannot_be_paths(repository: Repository, key: str, value: str) -> None:
    text = "app:\n  appid: some_app\n  title: T\n  version: 1.0.0\n  label: L\n"
    text = text.replace({"appid": "some_app", "version": "1.0.0"}[key], value)
    catalogue = load(repository({"app.yml": None, "contentctl.yml": text}))
    assert "wrong-value" in {p.code for p in catalogue.problems}
    assert "/" not in catalogue.config.id + catalogue.config.version


def test_an_empty_folder_is_no_repository(tmp_path: Path) -> None:
    with pytest.raises(CaltropError, match="no content"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("kind", "name", "bad"),
    [
        ("macros", "a b", True),
        ("macros", "x]y", True),
        ("macros", "a_b-c.d", False),
        ("stories", "A [x] Story", True),
        ("stories", "Line\\nbreak", True),
        ("stories", "Ends so\\\\", True),
        ("stories", 'Quotes \\" and ünï', False),
        ("detections", "Uses (brackets)", True),
        ("detections", "Uses `ticks`", True),
        ("detections", "A/B - c.d_e", False),
    ],
)
def test_names_that_configuration_cannot_carry(repository: Repository, kind: str, name: str, bad: bool) -> None:
    text = {"macros": MACRO, "stories": STORY, "detections": DETECTION}[kind]
    folder = "detections/endpoint" if kind == "detections" else kind
    old = text.split("\n", 1)[0]
    root = repository({f"{folder}/another.yml": text.replace(old, f'name: "{name}"', 1)})
    assert ("bad-name" in codes(root)) == bad


def test_rules_and_overrides_that_do_not_exist_are_said(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: T\nversion: '1.0.0'\nauthor: {name: S}\nvalidation:\n  rules: {file-nme: off, no-test: loud}\n"
    app += "  overrides:\n  - {detection: Some Proces, rule: no-test, severity: 'off', reason: r}\n"
    app += "  - {detection: Some Process, rule: no-tests, severity: 'off', reason: r}\n"
    found = [(p.code, p.line) for p in load(repository({"app.yml": app})).problems]
    assert sorted(found) == [("unknown-detection", 9), ("unknown-field", 7), ("wrong-value", 7), ("wrong-value", 10)]


def test_without_deployments_the_usual_ones_hold(repository: Repository) -> None:
    gone: dict[str, str | None] = {f"deployments/{t}.yml": None for t in ("ttp", "anomaly", "hunting", "correlation")}
    root = repository()
    repository(gone)
    catalogue = load(root)
    usual = {t: catalogue.deployment(t) for t in ("TTP", "Anomaly", "Hunting", "Correlation")}
    assert {t: (d.notable, d.risk) for t, d in usual.items() if d} == {
        "TTP": (True, True), "Anomaly": (False, True), "Hunting": (False, False), "Correlation": (True, False),
    }  # fmt: skip


def test_the_current_folder_is_a_repository(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(repository(detection=[("on $dest$", "on $host$")]))
    assert [p.place for p in load(".").problems] == [f"{WHERE}:18:35"]


def test_names_of_files_stay_inside_whatever_the_rules_say(repository: Repository) -> None:
    app = "id: ../../evil\nlabel: T\nprefix: T\nversion: ../1\nauthor: {name: S}\ntemplate: ../x\n"
    config = load(repository({"app.yml": app + "validation: {rules: {wrong-value: off}}\n"})).config
    assert (config.id, config.version, config.template) == ("caltrop_content", "0.1.0", "app")


def test_a_template_outside_the_repository_is_refused(repository: Repository) -> None:
    app = "id: t_app\nlabel: T\nprefix: T\nversion: '1.0.0'\nauthor: {name: S}\ntemplate: app/../../etc\n"
    assert codes(repository({"app.yml": app})) == ["wrong-value"]


@pytest.mark.parametrize("link", ["detections/endpoint/other.yml", "detections/more", "app", "app/lookups/x.csv"])
def test_links_are_said_and_not_followed(
    repository: Repository, tmp_path_factory: pytest.TempPathFactory, link: str
) -> None:
    folder = repository()
    outside = tmp_path_factory.mktemp("outside")
    (outside / "other.yml").write_text(DETECTION.replace("Some Process", "Other"))
    (folder / link).parent.mkdir(parents=True, exist_ok=True)
    (folder / link).symlink_to(outside / "other.yml" if "." in link else outside)
    catalogue = load(folder)
    assert [(p.code, p.file) for p in catalogue.problems] == [("link", link)]
    assert len(catalogue.detections) == 1


@pytest.mark.parametrize(
    "text",
    [
        "a: " + "[" * 90 + "]" * 90,
        "a: &a {b: *a}",
        "a: &a [" + "x," * 999 + "]\nb: &b [" + "*a," * 999 + "]\nc: [*b, *b]",
    ],
)
def test_what_is_nested_or_multiplied_too_far_is_one_fault(repository: Repository, text: str) -> None:
    problems = load(repository({"macros/deep.yml": text + "\n"})).problems
    assert [(p.code, p.file) for p in problems] == [("yaml-syntax", "macros/deep.yml")] and problems[0].line


LOOKUP: dict[str, str | None] = {
    "lookups/assets.yml": "name: assets\ndescription: d\nlookup_type: csv\ncreation_date: '2026-01-01'\nversion: 1\n"
    "id: 33333333-3333-4333-8333-333333333333\nauthor: S\n",
    "lookups/assets.csv": "ip,owner\n10.1.1.1,a\n",
}


def test_an_enrichment_knows_the_columns_of_a_lookup(repository: Repository) -> None:
    def codes(match: str, output: str) -> set[str]:
        wanted = f"enrichment:\n  lookups:\n  - {{name: assets, match: {match}, output: [{output}]}}\ntests:"
        catalogue = load(repository(LOOKUP, [("tests:", wanted), ("on $dest$", "on $dest$ of $owner$")]))
        return {problem.code for problem in catalogue.problems} & {
            "unknown-lookup-column",
            "enrichment-not-output",
            "token-not-output",
            "unused-lookup",
        }

    assert codes("ip AS remote_host", "owner") == set()
    assert codes("ip AS dest", "owner AS boss") == {"token-not-output"}, (
        "what a message uses is what the lookup was said to give"
    )
    assert codes("adress AS remote_host", "owner") == {"unknown-lookup-column"}
    assert codes("ip AS remote_host", "owners AS owner") == {"unknown-lookup-column"}
    assert codes("ip AS nowhere", "owner") == {"enrichment-not-output"}


def test_a_view_of_the_template_is_checked(repository: Repository) -> None:
    good = '<dashboard version="1.1">\n  <label>Mine</label>\n</dashboard>\n'
    bad = good.replace("<label>Mine</label>", "<lable>Mine</lable>")
    folder = repository({"app/default/data/ui/views/a.xml": good, "app/default/data/ui/views/b.xml": bad})
    (problem,) = [p for p in load(folder).problems if p.code == "bad-view"]
    assert (problem.file, problem.line, problem.column) == ("app/default/data/ui/views/b.xml", 2, 3)
    assert problem.severity == "warning" and "'label'" in problem.hint


def test_a_folder_that_is_called_nearly_like_one_is_named(repository: Repository) -> None:
    root = repository()
    (root / "Detection").mkdir()
    (root / "Detection" / "x.yml").write_text(DETECTION)
    (root / "macros_old").mkdir()  # holds no content
    (root / "tools").mkdir()
    (root / "tools" / "x.yml").write_text("a: 1")
    (found,) = load(root).problems
    assert (found.code, found.file, found.hint) == ("unknown-folder", "Detection", "did you mean 'detections'?")


def test_nothing_is_called_unused_where_something_cannot_be_read(repository: Repository) -> None:
    root = repository()
    (root / WHERE).write_text("name: [\n")
    assert codes(root) == ["yaml-syntax"]
    (root / WHERE).unlink()
    assert set(codes(root)) == {"unused-macro", "empty-story"}


def test_a_path_with_backslashes_is_told_how_to_write_it(repository: Repository) -> None:
    root = repository()
    where = root / WHERE
    where.write_text(where.read_text().replace("data: tests/data/", "data: tests\\data\\"))
    (found,) = load(root).problems
    assert found.code == "test-data"
    assert "with / between folders" in (found.hint or "")


def test_a_folder_inside_a_repository_is_told_where_it_begins(repository: Repository, tmp_path: Path) -> None:
    root = repository()
    (root / "app.yml").write_text("id: x\n")
    with pytest.raises(CaltropError) as caught:
        load(root / "detections" / "endpoint")
    assert f"give --content {root.resolve()}" in (caught.value.hint or "")
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    with pytest.raises(CaltropError) as caught:
        load(empty)
    assert "give --content DIR" in (caught.value.hint or "")


OLD_CONFIG = """build:
  name: Old_App
  title: An Old App
  prefix: OLD
  build: 004210
  version: 3.1.0
  label: Old
  author_name: Somebody
  path_template: ../elsewhere
enrichments:
  attack_enrichment: true
"""
OLD_DEPLOYMENT = """name: Default TTP
id: 33333333-3333-4333-8333-333333333333
date: '2020-04-27'
author: Somebody
description: Of all TTPs.
scheduling:
  cron_schedule: 0 * * * *
  earliest_time: -70m@m
  latest_time: -10m@m
alert_action:
  rba:
    enabled: true
tags:
  type: TTP
"""


def test_what_contentctl_3_wrote_is_read(repository: Repository) -> None:
    catalogue = load(repository({"app.yml": None, "contentctl.yml": OLD_CONFIG, "deployments/x.yml": OLD_DEPLOYMENT}))
    assert catalogue.problems == []
    config = catalogue.config
    assert (config.id, config.version, config.label, config.prefix) == ("Old_App", "3.1.0", "An Old App", "OLD")
    assert (config.template, config.kill_chain) == ("app_template", True)
    assert [(d.type, d.risk) for d in catalogue.deployments if d.file == "deployments/x.yml"] == [("TTP", True)]


def test_a_deployment_without_any_type_is_incomplete(repository: Repository) -> None:
    text = OLD_DEPLOYMENT.replace("  type: TTP", "  analytic_story: All")
    assert "missing-field" in codes(repository({"deployments/x.yml": text}))
    assert "wrong-value" in codes(repository({"deployments/x.yml": OLD_DEPLOYMENT.replace("type: TTP", "type: TPT")}))

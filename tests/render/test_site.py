"""The documentation site, the Navigator layer and the changelog."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.errors import CaltropError
from caltrop.render import build
from caltrop.render.changes import Orphan, changes, report
from caltrop.render.docs import _filters, _prose, _stages, read_results, site, write_site
from caltrop.render.navigator import layer
from caltrop.replay.junit import junit
from caltrop.replay.verdict import Check, DetectionResult, Report, TestResult
from tests.content.sample import Repository

PAGE = "detections/some_process.html"


def test_a_page_has_what_an_analyst_wants(repository: Repository) -> None:
    files = site(load(repository()), {"Some Process": {"True Positive Test": "failed"}})
    page = files[PAGE].decode()
    for text in ("Finds a process.", "Windows Management Instrumentation", "Execution", "`events` process=x.exe",
                 "index=main", "some_process_filter", "Process $process$ ran on $dest$", "threat object",
                 '<a href="https://example.org/"', "tests/data/some.log", "failed", "../stories.html#A-Story"):  # fmt: skip
        assert text in page, text
    index = files["index.html"].decode()
    assert f'<a href="{PAGE}">Some Process</a>' in index and "failed" in index
    assert set(files) == {"index.html", "words.js", "search.js", "style.css", "stories.html", "techniques.html", "data_sources.html", PAGE}  # fmt: skip


def test_content_is_escaped_everywhere(repository: Repository) -> None:
    evil = "<script>alert(1)</script>"
    folder = repository(
        detection=[("Finds a process.", f"'{evil}'"), ("https://example.org/", f"'javascript:alert(1){evil}'")]
    )
    files = site(load(folder))
    assert not [name for name, body in files.items() if evil.encode() in body]
    assert 'href="javascript' not in files[PAGE].decode()


def test_words_are_javascript_that_is_json(repository: Repository) -> None:
    text = site(load(repository()))["words.js"].decode()
    (words,) = json.loads(text.removeprefix("const WORDS = ").rstrip(";\n"))
    assert "finds a process" in words and "t1047" in words and "a story" in words


def test_a_folder_with_something_else_is_not_emptied(repository: Repository, tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(CaltropError, match="something else"):
        write_site(load(repository()), folder)
    assert (folder / "letter.txt").read_text() == "dear"


def test_results_come_from_junit(tmp_path: Path) -> None:
    path = tmp_path / "junit.xml"
    path.write_text(
        "<testsuites><testsuite name='D'><testcase classname='D' name='a'/>"
        "<testcase classname='D' name='b'><failure message='x'/></testcase></testsuite></testsuites>"
    )
    assert read_results(path) == {"D": {"a": "passed", "b": "failed"}}
    path.write_text("nothing")
    with pytest.raises(CaltropError, match="JUnit"):
        read_results(path)


def test_the_navigator_layer(repository: Repository) -> None:
    found = layer(load(repository()))
    (technique,) = found["techniques"]
    assert (technique["techniqueID"], technique["score"], technique["comment"]) == ("T1047", 1, "Some Process")
    assert found["domain"] == "enterprise-attack"


def test_a_changelog_between_two_builds(repository: Repository, tmp_path: Path) -> None:
    old = build(load(repository()), tmp_path / "old").tree
    silent = [("process=x.exe", "process=y.exe"), ("title: Process", "title: The process")]
    new = build(load(repository(detection=silent)), tmp_path / "new").package
    found = changes(old, new)
    (change,) = found.changed
    assert (found.new, found.removed, change.bumped) == ([], [], False)
    assert {"search", "action.risk.param._risk_message"} <= set(change.keys)
    assert change.diff == [
        "@@ -1,2 +1,2 @@",
        "-`events` process=x.exe",
        "+`events` process=y.exe",
        " | stats count by dest user process",
    ]
    assert "Version not bumped" in "\n".join(report(found))
    bumped = build(load(repository(detection=[*silent, ("version: 2", "version: 3")])), tmp_path / "third").tree
    assert changes(old, bumped).not_bumped == []
    assert changes(old, old).changed == []


def test_a_renamed_detection_is_the_same_by_its_id(repository: Repository, tmp_path: Path) -> None:
    old = build(load(repository()), tmp_path / "old").tree
    detection = (repository.folder / "detections/endpoint/some_process.yml").read_text()
    renamed = detection.replace("Some Process", "Other Process").replace("some_process_", "other_process_")
    files = {"detections/endpoint/some_process.yml": None, "detections/endpoint/other_process.yml": renamed}
    (change,) = changes(old, build(load(repository(files)), tmp_path / "new").tree).changed
    assert (change.renamed_from, change.name) == ("Test - Some Process - Rule", "Test - Other Process - Rule")
    found = changes(old, tmp_path / "new" / "test_app")
    assert found.orphans == [
        Orphan(
            "Test - Some Process - Rule", "Test - Other Process - Rule", "some_process_filter", "other_process_filter"
        )
    ]
    told = "\n".join(report(found))
    assert (
        "- savedsearches.conf `[Test - Some Process - Rule]`: set `[Test - Other Process - Rule]` as it was, then delete it"
        in told
    )
    assert (
        "- macros.conf `[some_process_filter]`: copy its definition to `other_process_filter`, then delete it" in told
    )


def test_what_stays_behind_of_a_removed_detection(repository: Repository, tmp_path: Path) -> None:
    old = build(load(repository()), tmp_path / "old").tree
    assert changes(old, old).orphans == []
    detection = (repository.folder / "detections/endpoint/some_process.yml").read_text()
    another = detection.replace("22222222-2222-4222-8222-222222222222", "33333333-2222-4222-8222-222222222222")
    files = {
        "detections/endpoint/some_process.yml": None,
        "detections/endpoint/third.yml": another.replace("Some Process", "Third").replace("some_process_", "third_"),
    }
    found = changes(old, build(load(repository(files)), tmp_path / "new").tree)
    assert found.orphans == [Orphan("Test - Some Process - Rule", "", "some_process_filter", "")]
    assert "- macros.conf `[some_process_filter]`: delete it" in "\n".join(report(found))


def test_what_is_no_build(tmp_path: Path) -> None:
    (tmp_path / "x.tar.gz").write_bytes(b"nothing")
    with pytest.raises(CaltropError, match="not a package"):
        changes(tmp_path / "x.tar.gz", tmp_path)
    with pytest.raises(CaltropError, match="no such build"):
        changes(tmp_path / "y", tmp_path)


@pytest.mark.parametrize(
    ("search", "shown"),
    [
        ("index=x | stats count | `f`", "index=x\n| stats count\n| `f`"),
        ("| tstats count | where a=\"b|c\" AND match(d, \"e\\\"|f\")", "| tstats count\n| where a=\"b|c\" AND match(d, \"e\\\"|f\")"),
        ("index=x [search y | fields z]| head 1", "index=x [search y | fields z]\n| head 1"),
        ("index=x\n| head 1 | table a", "index=x\n| head 1 | table a"),
    ],
)  # fmt: skip
def test_a_search_of_one_line_is_shown_by_stages(search: str, shown: str) -> None:
    assert _stages(search) == shown


def test_backticks_become_code_and_nothing_else_markup() -> None:
    assert str(_prose("Set `x_filter` to <b> & `y`.")) == "Set <code>x_filter</code> to &lt;b&gt; &amp; <code>y</code>."
    assert str(_prose("`<i>` and a lone `")) == "<code>&lt;i&gt;</code> and a lone `"


def test_the_list_can_be_narrowed_by_what_differs() -> None:
    rows = [
        {
            "tactics": ["Impact", "Execution"],
            "status": "production",
            "sources": ["b", "A"],
            "result": "passed (stand-in)",
        },
        {"tactics": [], "status": "production", "sources": [], "result": "no test"},
    ]
    assert _filters(rows) == [
        ("tactic", "Tactic", ["Execution", "Impact"]),
        ("source", "Data source", ["A", "b"]),
        ("verdict", "Test", ["no test", "passed (stand-in)"]),
    ]


def test_a_verdict_on_stand_in_data_is_read_from_junit(tmp_path: Path) -> None:
    test = TestResult("t", "d.yml", 1, checks=[Check("hits", True, "1")], stand_in=True)
    found = Report(
        "u", "9", "p", "a", "now", detections=[DetectionResult("D", "id", "TTP", "d.yml", [], [], 1, [test])]
    )
    (tmp_path / "junit.xml").write_bytes(junit(found))
    assert read_results(tmp_path / "junit.xml") == {"D": {"t": "passed (stand-in)"}}

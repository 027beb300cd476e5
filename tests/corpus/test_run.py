"""caltrop corpus: a small repository over a few events."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from caltrop.cli.corpus import command
from caltrop.content import load
from caltrop.corpus import run as corpus
from caltrop.dialect.conf import read
from caltrop.errors import CaltropError
from caltrop.knowledge import layers
from tests.corpus import sample

MACRO = "name: {name}\ndefinition: {definition}\ndescription: A macro.\n"
EVENTS = """\
2026-01-01T10:00:00Z login user=ann status=ok
2026-01-01T10:00:01Z login user=bob status=failed
2026-01-01T10:00:02Z logout user=ann
"""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Three production detections (one fails), one experimental one, a macro."""
    folder = tmp_path / "content"
    searches = [
        ("Failed Logins", "production", "`logins` status=failed | table user status"),
        ("All Logins", "production", "`logins` | stats count by user"),
        ("Broken", "production", "`logins` | lookup no_such_table user OUTPUT risk"),
        ("Experiment", "experimental", "index=* | head 1"),
    ]
    (folder / "detections").mkdir(parents=True)
    (folder / "macros").mkdir()
    for number, (name, status, search) in enumerate(searches):
        text = sample.detection(name, number, search, status=status)
        (folder / "detections" / f"{name.lower().replace(' ', '_')}.yml").write_text(text)
    (folder / "macros" / "logins.yml").write_text(MACRO.format(name="logins", definition="index=main login"))
    (folder / "app.yml").write_text("id: demo\nlabel: Demo\nversion: 1.0.0\nauthor: Somebody\n")
    return folder


@pytest.fixture
def data(tmp_path: Path) -> Path:
    path = tmp_path / "events.log"
    path.write_text(EVENTS)
    return path


def run(repository: Path, data: Path, *options: str) -> Result:
    return CliRunner().invoke(command, ["run", str(repository), "--data", str(data), *options], standalone_mode=False)


def test_run_is_a_name_of_hunt(repository: Path, data: Path) -> None:
    result = run(repository, data)
    shown = [line.split("  ")[-1] for line in result.stdout.splitlines() if line.startswith("   0  Hunting")]
    assert shown == ["All Logins", "Failed Logins"]
    assert "2 ran, 2 with hits, 1 with errors; 1 left out" in result.stdout.splitlines()[-1]


def test_errors_are_grouped_by_cause_on_stderr(repository: Path, data: Path) -> None:
    assert "1 x the lookup table 'no_such_table' does not exist: Broken" in run(repository, data).stderr


def test_exit_code_tells_of_errors(repository: Path, data: Path) -> None:
    assert run(repository, data).return_value == 1
    (repository / "detections" / "broken.yml").unlink()
    assert run(repository, data).return_value == 0


def test_jsonl_is_one_object_a_detection(repository: Path, data: Path) -> None:
    result = run(repository, data, "--format", "jsonl")
    objects = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(o["name"], o["hits"], o["error"] is None) for o in objects] == [
        ("All Logins", 2, True), ("Broken", 0, False), ("Failed Logins", 1, True)
    ]  # fmt: skip
    assert set(objects[0]) == {"id", "name", "hits", "milliseconds", "error"}
    assert "3 detections over" in result.stderr


def test_rows_adds_the_results(repository: Path, data: Path) -> None:
    result = run(repository, data, "--format", "jsonl", "--rows")
    rows = {o["name"]: o["rows"] for o in map(json.loads, result.stdout.splitlines())}
    assert rows["Failed Logins"] == [{"user": "bob", "status": "failed"}]
    assert rows["All Logins"] == [{"user": "ann", "count": "1"}, {"user": "bob", "count": "1"}]


def test_macros_can_be_replaced(repository: Path, data: Path) -> None:
    result = run(repository, data, "--macro", "logins=index=main logout", "--format", "jsonl")
    assert {o["name"]: o["hits"] for o in map(json.loads, result.stdout.splitlines())}["All Logins"] == 1


def test_all_runs_what_is_not_in_production_too(repository: Path, data: Path) -> None:
    assert "Experiment" in run(repository, data, "--all").stdout


def test_without_data_nothing_is_found(repository: Path) -> None:
    result = CliRunner().invoke(command, ["run", str(repository)], standalone_mode=False)
    assert "3 detections over 0 events" in result.stdout


@pytest.mark.parametrize(
    ("text", "stanza"),
    [
        ("m=index=main", ("m", {"definition": "index=main"})),
        ("m(a, b)=eval x=$a$.$b$", ("m(2)", {"args": "a, b", "definition": "eval x=$a$.$b$"})),
        ("m() = head 1", ("m(0)", {"args": "", "definition": "head 1"})),
    ],
)
def test_macro_stanza(text: str, stanza: tuple[str, dict[str, str]]) -> None:
    assert corpus.macro_stanza(text) == stanza


def test_macro_stanza_refuses_other_text() -> None:
    with pytest.raises(CaltropError, match="not a macro"):
        corpus.macro_stanza("no definition")


def test_causes_leave_out_places_and_count() -> None:
    runs = [
        corpus.Run("1", "a", error="x", cause=corpus.cause(CaltropError("bad thing at 1:5"))),
        corpus.Run("2", "b", error="x", cause=corpus.cause(CaltropError("bad thing at 3:9"))),
        corpus.Run("3", "c", error="y", cause="another"),
        corpus.Run("4", "d"),
    ]
    assert [(cause, len(group)) for cause, group in corpus.errors_by_cause(runs)] == [("bad thing", 2), ("another", 1)]


@pytest.mark.shared
@pytest.mark.slow
def test_nearly_every_production_detection_of_the_corpus_runs(shared: Path) -> None:
    from caltrop.content import load

    catalogue = load(shared / "corpus" / "escu", checks=False)
    production = [d for d in catalogue.detections if d.status == "production"]
    with corpus.instance_of(catalogue, (), layers()) as (instance, _):
        runs = [corpus.run(instance, detection, catalogue.config.id) for detection in production]
    failed = [one.name for one in runs if one.error is not None]
    assert len(failed) <= len(production) // 100, failed


def test_an_app_without_its_views_says_the_same_to_searches(root: Path, tmp_path: Path) -> None:
    catalogue = load(root, checks=False)
    whole, lean = (corpus.write_app(catalogue, tmp_path / str(views), views=views) for views in (True, False))
    left_out = {path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()} - {
        path.relative_to(lean).as_posix() for path in lean.rglob("*") if path.is_file()
    }
    assert left_out and all(name.startswith(("lookups/", "default/data/ui/views/")) for name in left_out)
    for name in ("savedsearches.conf", "macros.conf"):
        said, less = (read(app / "default" / name).settings() for app in (whole, lean))
        for stanza, settings in less.items():
            differ = {key for key, value in {**said[stanza], **settings}.items() if value != settings.get(key)}
            assert differ <= {"is_visible"}, "which says whether views list it"
        assert {d.filter_macro for d in catalogue.detections} <= less.keys() or name == "savedsearches.conf"


def test_many_small_files_are_one_segment(repository: Path, tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    for number in range(30):
        (logs / f"{number}.log").write_text(EVENTS * (1 + number % 3))
    with corpus.instance_of(load(repository, checks=False), [str(logs)], layers()) as (instance, events):
        assert events == 3 * 60
        assert [segment.count for segment in instance.store.segments(["main"])] == [events]

"""caltrop corpus test: detections on their own published data, found in a clone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from caltrop.cli.corpus import command
from caltrop.corpus import own
from caltrop.engine.execute import Stage
from caltrop.spl import parse
from caltrop.spl.ast import Command
from tests.corpus import sample

URL = "https://media.githubusercontent.com/media/splunk/attack_data/master/datasets"
TESTS = """\
tests:
- name: True Positive Test
  attack_data:
  - data: {data}
    source: login.log
    sourcetype: login
"""
EVENTS = "2026-01-01T10:00:00Z login user=ann status=ok\n2026-01-01T10:00:01Z login user=bob status=failed\n"


def detection(
    folder: Path, number: int, name: str, search: str, *, data: str = "a.log", status: str = "production"
) -> None:
    text = sample.detection(name, number, search, status=status) + TESTS.format(data=f"{URL}/{data}")
    (folder / "detections").mkdir(parents=True, exist_ok=True)
    (folder / "detections" / f"{name.lower().replace(' ', '_')}.yml").write_text(text)


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    folder = tmp_path / "attack_data" / "datasets"
    folder.mkdir(parents=True)
    (folder / "a.log").write_text(EVENTS)
    (folder / "pointer.log").write_text("version https://git-lfs.github.com/spec/v1\n")
    return folder.parent


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "content"
    detection(folder, 1, "Failed Logins", "sourcetype=login source=login.log status=failed")
    detection(folder, 2, "Nobody", 'sourcetype=login | where user == "carl"')
    detection(folder, 3, "No Table", "sourcetype=login | lookup no_such_table user OUTPUT risk")
    detection(folder, 4, "Pointer", "sourcetype=login", data="pointer.log")
    detection(folder, 5, "Gone", "sourcetype=login", data="gone.log")
    detection(folder, 6, "Experiment", "sourcetype=login", status="experimental")
    (folder / "app.yml").write_text("id: demo\nlabel: Demo\nversion: 1.0.0\nauthor: Somebody\n")
    return folder


def run(repository: Path, clone: Path, *options: str) -> Result:
    arguments = ["test", str(repository), "--attack-data", str(clone), "--jobs", "1", *options]
    return CliRunner().invoke(command, arguments, standalone_mode=False)


def outcomes(path: Path) -> dict[str, dict[str, object]]:
    return {line["detection"]: line for line in map(json.loads, path.read_text().splitlines())}


@pytest.mark.slow  # starts a process a run
def test_verdicts_places_of_loss_and_the_last_line(repository: Path, clone: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    result = run(repository, clone, "-o", str(out))
    found = outcomes(out)
    assert {name: line["verdict"] for name, line in found.items()} == {
        "Failed Logins": "fires", "Nobody": "silent", "No Table": "error", "Pointer": "absent", "Gone": "absent",
    }  # fmt: skip
    assert (found["Failed Logins"]["hits"], found["Failed Logins"]["events"]) == (1, 2)
    assert found["Nobody"]["lost"] == 'stage 2 of 2 gave no row (2 rows came in): where user == "carl"'
    assert result.stdout.splitlines()[-1] == "1 of 3 fire, 2 not here"
    assert "1 tests have Git LFS pointers" in result.stderr
    assert "1 x the lookup table 'no_such_table' does not exist: No Table" in result.stderr
    assert result.return_value == 1


@pytest.mark.slow
def test_a_second_run_repeats_only_what_changed(repository: Path, clone: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    run(repository, clone, "-o", str(out))
    with out.open("a") as file:
        file.write('{"key": "cut in the mid')  # as an interrupted run leaves it
    detection(repository, 2, "Nobody", 'sourcetype=login | where user="ann"')
    result = run(repository, clone, "-o", str(out))
    assert [line.split()[0] for line in result.stdout.splitlines()[:-1]] == ["fires"]
    assert "4 of 5 tests are in" in result.stderr
    assert result.stdout.splitlines()[-1] == "2 of 3 fire, 2 not here"


@pytest.mark.slow
def test_chosen_detections_run_whatever_their_status(repository: Path, clone: Path) -> None:
    result = run(repository, clone, "--detection", "experiment")
    assert result.stdout.splitlines()[-1] == "1 of 1 fire, 0 not here"
    assert result.return_value == 0


def test_a_name_that_no_test_has_is_an_error(repository: Path, clone: Path) -> None:
    result = run(repository, clone, "--detection", "Failed Logons")
    assert "no detection 'Failed Logons' with test data" in str(result.exception)


@pytest.mark.parametrize(
    ("rows", "events", "text"),
    [
        ([], 0, "the data holds no event"),
        ([0, 0, 0], 5, "stage 1 of 3 gave no row (5 events were loaded): head limit=1"),
        ([4, 0, 0], 5, "stage 2 of 3 gave no row (4 rows came in): head limit=2"),
        ([2], 5, "2 hits are not what the test expects"),
    ],
)
def test_where_events_were_lost(rows: list[int], events: int, text: str) -> None:
    commands = parse("| makeresults | head 1 | head 2 | head 3").commands[1:]
    stages = [
        Stage(command, count) for command, count in zip(commands, rows, strict=False) if isinstance(command, Command)
    ]
    assert own.lost(stages, events, rows[-1] if rows else 0) == text


def test_a_detection_fires_when_all_its_tests_that_are_here_do() -> None:
    def outcome(name: str, verdict: own.Verdict) -> own.Outcome:
        return own.Outcome(key="", detection=name, id=name, file="", test="", verdict=verdict)

    told = [("a", "fires"), ("a", "absent"), ("b", "fires"), ("b", "silent"), ("c", "absent"), ("d", "error")]
    assert own.tally([outcome(name, verdict) for name, verdict in told]) == (1, 3, 1)  # type: ignore[arg-type]


@pytest.mark.slow
def test_what_a_search_writes_is_gone_for_the_next(repository: Path, clone: Path, tmp_path: Path) -> None:
    (repository / "lookups").mkdir()
    (repository / "lookups" / "seen.yml").write_text(
        "name: seen\nlookup_type: csv\ndate: '2026-01-01'\nversion: 1\nid: 00000000-0000-4000-8000-000000000099\n"
        "author: Somebody\ndescription: Users.\n"
    )
    (repository / "lookups" / "seen.csv").write_text("user\nzoe\n")
    for number, name in ((7, "Writes"), (8, "Writes Too")):
        detection(
            repository,
            number,
            name,
            "| inputlookup seen | append [search sourcetype=login | fields user] | outputlookup seen",
        )
    out = tmp_path / "out.jsonl"
    run(repository, clone, "-o", str(out))
    found = outcomes(out)
    assert (found["Writes"].get("hits"), found["Writes Too"].get("hits")) == (3, 3)

"""A new detection validates, in an empty folder and in a repository."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from caltrop.cli.new import command
from caltrop.content import load
from caltrop.errors import CaltropError
from tests.content.sample import Repository

SEARCH = "`events` process=x | stats count by dest user"
TEXTS = ["--description", "What it is.", "--how-to-implement", "Collect it.", "--false-positives", "None."]


def run(*args: str, answers: str | None = None) -> list[str]:
    result = CliRunner().invoke(command, list(args), input=answers, standalone_mode=False, catch_exceptions=False)
    return result.stdout.splitlines()


@pytest.mark.parametrize("kind", ["TTP", "Anomaly", "Hunting", "Correlation"])
def test_in_an_empty_folder(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "mine"
    args = ["--content", str(folder), "--search", "index=_internal | stats count by dest user", "--no-input", *TEXTS]
    written = run("Odd Process", "--type", kind, "--technique", "T1047", *args)
    assert written[0].endswith("detections/endpoint/odd_process.yml")
    catalogue = load(folder)
    assert [p.message for p in catalogue.problems] == ["tests/data/odd_process.log holds no event yet"]
    assert catalogue.detections[0].search.endswith("| `odd_process_filter`")
    assert catalogue.config.strict
    assert catalogue.detections[0].status == "experimental"
    assert len(catalogue.detections[0].tests) == 1


def test_in_a_repository_with_its_own_story(repository: Repository) -> None:
    folder = repository()
    args = [
        "--content",
        str(folder),
        "--search",
        SEARCH,
        "--no-input",
        "--message",
        "Seen $user$",
        "--entity",
        "user:user:30",
        *TEXTS,
    ]
    written = run("Another One", "--data", "tests/data/some.log", "--source", "s", "--sourcetype", "t", *args)
    assert [Path(p).name for p in written] == ["another_one.yml"]
    assert [str(p) for p in load(folder).problems] == []
    (new,) = [d for d in load(folder).detections if d.name == "Another One"]
    assert (new.analytic_story, new.message) == (("A Story",), "Seen $user$")
    assert [(e.field, e.score, e.finding) for e in new.entities] == [("user", 30, True)]


def test_it_asks(repository: Repository) -> None:
    folder = repository()
    answers = f"Asked For\n{SEARCH}\nAnomaly\nuser:user:20\n\nMe\nWhat it is.\n\nT1047\n\n\nCollect it.\nNone.\n"
    run("--content", str(folder), answers=answers)
    (new,) = [d for d in load(folder).detections if d.name == "Asked For"]
    assert (new.type, new.author, new.mitre_attack_id) == ("Anomaly", "Me", ("T1047",))
    assert [p.message for p in load(folder).problems] == ["tests/data/asked_for.log holds no event yet"]


def test_it_asks_again(repository: Repository) -> None:
    folder = repository()
    answers = f"Bad#name\nAsked For\nindex=x | stats count( by\n{SEARCH}\nTPP\nAnomaly\nuser:usr:20\nuser:user:200\nuser:user:20\n"
    answers += (
        "tests/data/some.log\nMe\n\n\nT47\nT1047, T1059\n../x\nendpoint\nendpiont\nendpoint\ns\nt\nCollect it.\n\n"
    )
    run("--content", str(folder), answers=answers)
    (new,) = [d for d in load(folder).detections if d.name == "Asked For"]
    assert (new.type, new.mitre_attack_id) == ("Anomaly", ("T1047", "T1059"))
    assert (new.tests[0].attack_data[0].source, new.tests[0].attack_data[0].sourcetype) == ("s", "t")
    assert [(p.code, p.line) for p in load(folder).problems] == [("fill-in", 9), ("fill-in", 13)]


@pytest.mark.parametrize("flag", ["--category=../../x", "--domain=nowhere", "--technique=T1", "--entity=dest:sys:1",
                                  "--entity=dest:system:101", "--date=2026-02-30", "--story=a]b"])  # fmt: skip
def test_flags_that_would_not_validate_are_refused_before_anything_is_written(
    repository: Repository, flag: str
) -> None:
    folder = repository()
    before = sorted(folder.parent.rglob("*"))
    with pytest.raises(CaltropError):
        run("New One", "--content", str(folder), "--search", SEARCH, "--no-input", flag)
    assert sorted(folder.parent.rglob("*")) == before


@pytest.mark.parametrize(
    ("name", "search", "what"),
    [
        ("Some Process", SEARCH, "there is such"),
        ("New", "index=x | stats count( by", "does not parse"),
        ("Ne#w", SEARCH, "file name"),
    ],
)
def test_what_is_refused(repository: Repository, name: str, search: str, what: str) -> None:
    folder = repository()
    with pytest.raises(CaltropError, match=what):
        run(name, "--content", str(folder), "--search", search, "--no-input")


@pytest.mark.parametrize(("data", "what"), [("tests/nowhere.log", "is not there"), ("tests", "is a folder")])
def test_data_that_is_no_file_is_told_before_anything_is_asked(repository: Repository, data: str, what: str) -> None:
    folder = repository()
    with pytest.raises(CaltropError, match=what):
        run("New One", "--content", str(folder), "--data", data)


def test_what_is_left_open_is_an_error_until_it_is_filled(repository: Repository) -> None:
    folder = repository()
    arguments = ["Left Open", "--content", str(folder), "--search", SEARCH, "--no-input"]
    result = CliRunner().invoke(command, arguments, standalone_mode=False, catch_exceptions=False)
    assert result.return_value == 0  # it did what it was asked for
    assert result.stderr.count("[fill-in]") == 4
    (new,) = [d for d in load(folder).detections if d.name == "Left Open"]
    assert (new.status, new.mitre_attack_id) == ("experimental", ())
    path = folder / new.file
    path.write_text(path.read_text().replace("FILL IN: ", "Because of "))
    (folder / "tests/data/left_open.log").write_text("2026-01-01T00:00:00Z process=x dest=d user=u\n")
    assert [str(p) for p in load(folder).problems] == []

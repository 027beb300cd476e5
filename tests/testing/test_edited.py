"""A repository that is edited beside a server: what is told of it, and its tests run on request."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from caltrop.errors import CaltropError
from caltrop.replay.verdict import Check, DetectionResult, TestResult
from caltrop.splunkd.rest.edited import Edited, Told
from caltrop.testing import verdicts
from caltrop.testing.edited import EditedRepository
from caltrop.testing.verdicts import Verdicts
from tests.patience import until
from tests.replay import test_prove as sample

ODD = "detections/endpoint/odd_login.yml"


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CALTROP_CACHE", str(tmp_path / "cache"))
    root = tmp_path / "content"
    sample_repository(root)
    return root


def sample_repository(root: Path) -> None:
    """The sample of the proofs: a detection whose test passes."""
    files = {
        "app.yml": sample.APP,
        ODD: sample.DETECTION.replace("SIZE", str(len(sample.LOGINS))),
        "macros/logins.yml": sample.MACRO,
        "stories/odd_things.yml": sample.STORY,
        "deployments/ttp.yml": sample.DEPLOYMENT,
        "data/logins.log": sample.LOGINS,
    }
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def ended(edited: EditedRepository, file: str = ODD) -> Told:
    """What is told after the run."""
    until(lambda: edited.told().running is None, "the end of the run", 120)
    return edited.told(file)


def only(told: Told) -> Edited:
    (detection,) = told.detections
    return detection


def test_what_is_saved_is_told(repository: Path) -> None:
    edited = EditedRepository(repository)
    first = only(edited.told())
    assert (first.file, first.name, first.last, first.problems) == (ODD, "Odd Login", None, [])
    assert first.techniques and first.tests == 1
    path = repository / ODD
    path.write_text(path.read_text().replace("name: Odd Login", "name: Odder Login"))
    assert only(edited.told()).name == "Odder Login"
    path.write_text(path.read_text().replace("type: TTP", "type: Nothing of the kind"))
    told = edited.told()
    mistakes = [*told.problems, *(text for detection in told.detections for text in detection.problems)]
    assert any(text.startswith(f"{ODD}:") and "Nothing of the kind" in text for text in mistakes)


def test_no_content_is_told_and_no_folder_is_refused(tmp_path: Path) -> None:
    told = EditedRepository(tmp_path).told()
    assert told.detections == [] and "no content" in told.problems[0]
    with pytest.raises(CaltropError, match="no folder"):
        EditedRepository(tmp_path / "never there")


@pytest.mark.parametrize("file", ["detections/endpoint/other.yml", "../odd_login.yml", "--keep", "app.yml"])
def test_only_detections_are_run(repository: Path, file: str) -> None:
    edited = EditedRepository(repository)
    with pytest.raises(CaltropError, match="is no detection"):
        edited.run(file)
    assert edited.told().running is None and not edited.stop()


def judged(status: str) -> DetectionResult:
    checks = [Check("hits", status == "passed", "3 hits, expected exactly 3", 7)]
    test = TestResult("its test", ODD, 5, checks=checks, hits=3)
    return DetectionResult("Odd Login", "1", "TTP", ODD, ["T1078"], ["Odd Things"], 40, [test])


def test_verdicts_outlive_the_server(repository: Path, tmp_path: Path) -> None:
    kept = tmp_path / "data" / "verdicts.json"
    assert only(EditedRepository(repository, kept=kept).told()).last is None
    verdicts.write(kept, Verdicts(str(repository.resolve()), {ODD: (time.time() + 1, judged("passed"))}))
    last = only(EditedRepository(repository, kept=kept).told(ODD)).last
    assert last is not None and (last.status, last.stale, last.tests[0].hits) == ("passed", False, 3)
    os.utime(repository / ODD, (time.time() + 60, time.time() + 60))
    last = only(EditedRepository(repository, kept=kept).told()).last
    assert last is not None and last.stale, "it was saved since, while no server ran"


@pytest.mark.parametrize("text", ["", "{", '{"root": 3}', '{"root": "/another/repository", "found": {}}'])
def test_verdicts_that_are_none_of_ours_stop_nothing(repository: Path, tmp_path: Path, text: str) -> None:
    kept = tmp_path / "verdicts.json"
    kept.write_text(text)
    assert only(EditedRepository(repository, kept=kept).told()).last is None
    assert kept.read_text() == text


@pytest.mark.slow
def test_a_run_says_what_failed_and_why_and_goes_stale(repository: Path, tmp_path: Path) -> None:
    kept = tmp_path / "verdicts.json"
    edited = EditedRepository(repository, kept=kept)
    assert edited.run(ODD)
    assert not edited.run(""), "one at a time"
    last = only(ended(edited)).last
    assert last is not None and (last.status, last.stale) == ("passed", False)
    assert all(check.passed for check in last.tests[0].checks)

    path = repository / ODD
    path.write_text(path.read_text().replace("action=odd", "akshun=odd"))
    stale = only(edited.told()).last
    assert stale is not None and stale.stale and not stale.tests, "of one that was not asked for, the verdict alone"
    assert edited.run("")
    last = only(ended(edited)).last
    assert last is not None and (last.status, last.stale) == ("failed", False)
    (test,) = last.tests
    assert any(check.name == "hits" and not check.passed for check in test.checks)
    assert any("akshun" in text for text in test.why), test.why
    assert only(EditedRepository(repository, kept=kept).told(ODD)).last == last, "as another start of the server has it"


@pytest.mark.slow
def test_content_with_errors_and_a_stopped_run_leave_no_verdict(repository: Path) -> None:
    edited = EditedRepository(repository)
    assert edited.run(ODD) and edited.stop()
    told = ended(edited)
    assert told.failed == "stopped" and only(told).last is None
    macro = repository / "macros" / "logins.yml"
    macro.write_text(macro.read_text() + "definition: twice\n")
    assert edited.run("")
    assert "nothing was built" in ended(edited).failed

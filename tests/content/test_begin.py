"""caltrop init, and caltrop new --data: content that is right from its first day."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from caltrop.cli.init import command as init
from caltrop.cli.new import command as new
from caltrop.content import load
from caltrop.corpus.run import as_command, instance_of
from caltrop.errors import CaltropError
from caltrop.firstlook import look
from caltrop.knowledge import layers
from caltrop.render import build

LOG = """\
10.0.0.1 [app] 2026-03-01 10:00:00,123 user=ann action=login
10.0.0.2 [app] 2026-03-01 10:00:01,124 user=bob action=login
10.0.0.2 [app] 2026-03-01 10:00:02,124 user=bob action=format
"""


def begun(folder: Path) -> Result:
    return CliRunner().invoke(
        init, [str(folder), "--date", "2026-03-01"], standalone_mode=False, catch_exceptions=False
    )


def test_a_new_repository_has_no_fault_and_builds(tmp_path: Path) -> None:
    begun(tmp_path / "mine")
    catalogue = load(tmp_path / "mine")
    assert [str(p) for p in catalogue.problems] == []
    assert len(catalogue.detections) == len(catalogue.macros) == len(catalogue.stories) == 1
    assert build(catalogue, tmp_path / "mine" / "dist").package.is_file()


def test_its_detection_finds_the_attack_and_not_the_benign_data(tmp_path: Path) -> None:
    begun(tmp_path / "mine")
    catalogue = load(tmp_path / "mine")
    (detection,) = catalogue.detections
    (test,) = detection.tests
    for data, hits in ((test.attack_data, 1), (test.benign, 0)):
        with instance_of(catalogue, (), layers()) as (instance, _):
            options = instance.import_options(sourcetype=data[0].sourcetype, source=data[0].source)
            assert instance.add_file(tmp_path / "mine" / data[0].data, options) >= 10
            assert len(instance.search(as_command(detection.search), app=catalogue.config.id).table) == hits


def test_what_it_writes_for_other_tools_can_be_read_by_them(tmp_path: Path) -> None:
    printed = begun(tmp_path / "mine").stdout.splitlines()
    assert all(Path(line).is_file() for line in printed)
    settings = json.loads((tmp_path / "mine/.vscode/settings.json").read_text())
    for schema, patterns in settings["yaml.schemas"].items():
        assert (tmp_path / "mine" / schema).is_file()
        assert all(pattern.endswith("/**/*.yml") for pattern in patterns)
    assert "detections/**/*.yml" in settings["yaml.schemas"]["./schemas/detection.schema.json"]
    workflow = yaml.safe_load((tmp_path / "mine/.github/workflows/detections.yml").read_text())
    assert "caltrop test --report reports" in [step.get("run") for step in workflow["jobs"]["prove"]["steps"]]
    hooks = yaml.safe_load((tmp_path / "mine/.pre-commit-config.yaml").read_text())
    assert hooks["repos"][0]["hooks"][0]["entry"] == "caltrop validate"


def test_what_is_there_is_not_begun_again(tmp_path: Path) -> None:
    begun(tmp_path / "mine")
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}
    with pytest.raises(CaltropError, match="a content repository here already"):
        begun(tmp_path / "mine")
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_readme_that_is_there_stays(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("mine\n")
    begun(tmp_path)
    assert (tmp_path / "README.md").read_text() == "mine\n"


# --- new --data ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "my.log"
    path.write_text(LOG)
    return path


def test_a_log_gives_source_type_search_settings_and_data(tmp_path: Path, log: Path) -> None:
    folder = tmp_path / "content"
    arguments = ["Odd Format", "--content", str(folder), "--data", str(log), "--no-input"]
    result = CliRunner().invoke(new, arguments, standalone_mode=False, catch_exceptions=False)
    assert "3 events of my; fields: host, source, sourcetype, index, user, action" in result.stderr
    catalogue = load(folder)
    assert {p.code for p in catalogue.problems} == {"fill-in"}  # the texts, and nothing else
    (detection,) = catalogue.detections
    (data,) = detection.tests[0].attack_data
    assert (data.data, data.source, data.sourcetype) == ("tests/data/my.log", str(log), "my")
    assert (folder / data.data).read_text() == LOG
    assert detection.search.startswith('sourcetype="my" action="format"')  # what is rare is where one looks first
    assert (folder / "app/default/props.conf").read_text().splitlines() == [
        "[my]", "SHOULD_LINEMERGE = false", "LINE_BREAKER = ([\\r\\n]+)", "TIME_FORMAT = %Y-%m-%d %H:%M:%S,%3N",
        "TIME_PREFIX = ^(?:\\S+\\s+){2}", "MAX_TIMESTAMP_LOOKAHEAD = 25",
    ]  # fmt: skip
    with instance_of(catalogue, (), layers()) as (instance, _):
        instance.add_file(folder / data.data, instance.import_options(sourcetype="my", format="raw"))
        found = instance.search(as_command(detection.search), app=catalogue.config.id)
        assert found.table.frame.select("user", "firstTime").rows() == [("bob", 1772359202.124)]


def test_a_known_source_type_needs_no_settings(tmp_path: Path, root: Path) -> None:
    seen = look(root / "tests/data/wmi_powershell_xml.log", [], into=root)
    assert (seen.data, seen.file, seen.props) == ("tests/data/wmi_powershell_xml.log", None, {})
    assert seen.sourcetype == "XmlWinEventLog"


@pytest.mark.parametrize(
    ("lines", "form", "prefix"),
    [
        (["2026-03-01T10:00:00Z a"], "%Y-%m-%dT%H:%M:%S%Z", "^"),
        (['1.1.1.1 - - [01/Mar/2026:10:00:00 +0000] "GET'], "%d/%b/%Y:%H:%M:%S %z", "^(?:\\S+\\s+){3}\\["),
        (["<13>Mar  1 10:00:00 h x", "<130>Mar  1 10:00:00 h y"], "%b %e %H:%M:%S", None),  # no prefix fits both
        (["1772359200.123 a"], "%s.%N", "^"),
        (["no time at all"], None, None),
    ],
)
def test_settings_of_times(tmp_path: Path, lines: list[str], form: str | None, prefix: str | None) -> None:
    path = tmp_path / "some.log"
    path.write_text("\n".join(lines) + "\n")
    props = look(path, [], into=tmp_path, sourcetype="some").props
    assert (props.get("TIME_FORMAT"), props.get("TIME_PREFIX")) == (form, prefix)


def test_other_data_of_that_name_is_not_overwritten(tmp_path: Path, log: Path) -> None:
    (tmp_path / "content/tests/data").mkdir(parents=True)
    (tmp_path / "content/tests/data/my.log").write_text("other\n")
    with pytest.raises(CaltropError, match="other data of that name"):
        look(log, [], into=tmp_path / "content")


def test_a_file_without_events_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.log").write_text("")
    with pytest.raises(CaltropError, match="holds no event"):
        look(tmp_path / "empty.log", [], into=tmp_path)

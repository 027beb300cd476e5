"""--app, --no-addons and the add-ons of app.yml, of each command that has them."""

from __future__ import annotations

import json
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from caltrop import cli
from caltrop.cli import main
from caltrop.content import load
from caltrop.content.config import addon_packages
from caltrop.errors import CaltropError
from caltrop.knowledge import PackageError, app_folders, install_app
from tests.addons.vendors import SECURITY, WINDOWS, write

APP = "id: demo\nlabel: Demo\nprefix: Demo\nversion: 1.0.0\nauthor:\n  name: Somebody\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to work in, with a vendor's add-on and one event of its kind beside it."""
    write(WINDOWS, tmp_path / "vendor" / "TA_windows")
    (tmp_path / "security.xml").write_text(SECURITY)
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def packed(folder: Path, suffix: str) -> Path:
    package = folder.parent / f"{folder.name}{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(package, "w") as archive:
            for path in sorted(folder.rglob("*")):
                archive.write(path, path.relative_to(folder.parent).as_posix())
    else:
        with tarfile.open(package, "w:gz") as tar:
            tar.add(folder, arcname=folder.name)
    return package


def search(*arguments: str, spl: str = "search index=* | fields user, process_name, dest") -> dict[str, Any]:
    source = ["--source", "XmlWinEventLog:Security", "--sourcetype", "XmlWinEventLog", "--read-as", "raw"]
    words = ["search", "--data", "../security.xml", *source, "--format", "json", *arguments, spl]
    result = CliRunner().invoke(cli.cli, words, standalone_mode=False, catch_exceptions=False)
    return json.loads(result.stdout.splitlines()[0]) if result.stdout else {}


@pytest.mark.parametrize("form", ["", ".tar.gz", ".spl", ".zip"])
def test_search_with_a_package_of_each_form(here: Path, form: str) -> None:
    folder = here.parent / "vendor" / "TA_windows"
    package = packed(folder, form) if form else folder
    assert search("--app", str(package))["user"] == "vendor:ann"
    assert "process_name" in search() and search()["user"] != "vendor:ann"
    assert "user" not in search("--no-addons")
    assert search("--no-addons", "--app", str(package))["user"] == "vendor:ann"


def test_app_yml_lists_add_ons(here: Path) -> None:
    (here / "app.yml").write_text(APP + "addons:\n- ../vendor/TA_windows\n")
    assert search()["user"] == "vendor:ann"
    (here / "app.yml").write_text(APP + f"addons: [{here.parent / 'vendor' / 'TA_windows'}]\n")
    assert search("--no-addons")["user"] == "vendor:ann"


def test_one_that_is_missing_is_named_with_its_place(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "app.yml").write_text(APP + "addons:\n- ../vendor/TA_windows\n- ../gone.spl\n")
    assert main(["search", "| makeresults"]) == 2
    assert capsys.readouterr().err.startswith("app.yml:9:3: the add-on '../gone.spl' is not there")
    with pytest.raises(CaltropError, match=r"gone\.spl"):
        addon_packages(here)
    (problem,) = [p for p in load(here).problems if p.code == "missing-addon"]
    assert (problem.place, problem.severity) == ("app.yml:9:3", "warning")
    assert [p for p in load(here).problems if p.code == "unknown-field"] == []


def test_what_is_no_app_is_refused(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "empty").mkdir()
    assert main(["search", "--app", "empty", "| makeresults"]) == 2
    assert "empty: this is no app" in capsys.readouterr().err
    (here / "text.spl").write_text("no archive")
    assert main(["search", "--app", "text.spl", "| makeresults"]) == 2
    assert "text.spl: cannot unpack" in capsys.readouterr().err


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_a_search_that_writes_changes_no_app(here: Path) -> None:
    folder = here.parent / "vendor" / "TA_windows"
    before = contents(folder)
    written = '| makeresults | eval EventCode="4688", action="changed" | table EventCode action | outputlookup {}'
    for target in ("windows_known", "windows_known.csv", "new.csv"):
        row = search(
            "--app", str(folder), "--context", "TA_windows",
            spl=f"{written.format(target)} | append [| inputlookup {target}] | stats values(action) AS action",
        )  # fmt: skip
        assert row["action"] == ["changed"], target
        assert contents(folder) == before


def test_files_that_a_search_empties_are_there_for_the_next(here: Path) -> None:
    """override_if_empty deletes the file: for that instance alone."""
    from caltrop.engine.instance import Instance

    folder = here.parent / "vendor" / "TA_windows"
    with app_folders([folder]) as folders:
        instance = Instance(None, folders)
        instance.search("| makeresults | where false() | outputlookup windows_known.csv", app="TA_windows")
        knowledge = instance.knowledge("TA_windows", "nobody")
        assert "windows_known.csv" not in knowledge.lookups()
        instance.search('| makeresults | eval a="b" | table a | outputlookup windows_known.csv', app="TA_windows")
        rows = instance.search("| inputlookup windows_known.csv", app="TA_windows").table.frame
        assert rows.to_dicts() == [{"a": "b"}]
        assert len(Instance(None, folders).search("| inputlookup windows_known.csv", app="TA_windows").table) == 1
    assert (folder / "lookups" / "windows_known.csv").read_text().startswith("EventCode,action")


@pytest.mark.parametrize(
    ("name", "what"),
    [("../out.txt", "unsafe path"), ("/abs/x", "unsafe path"), ("a/b", "holds one app folder")],
)
def test_zip_archives_are_untrusted(tmp_path: Path, name: str, what: str) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("app/default/app.conf", "")
        archive.writestr(name, "x")
    with pytest.raises(PackageError, match=what):
        install_app(tmp_path / "x.zip", tmp_path / "apps")
    assert list((tmp_path / "apps").iterdir()) == []


def test_links_in_zip_archives_are_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("app/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")
    with pytest.raises(PackageError, match="links"):
        install_app(tmp_path / "x.zip", tmp_path / "apps")


@pytest.mark.parametrize("options", [["--app", "TA"], ["--no-addons"]])
def test_a_target_has_apps_of_its_own(here: Path, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    (here / "TA").mkdir()
    assert main(["test", "--target", "https://127.0.0.1:1", *options]) != 0
    assert "--app and --no-addons are for the embedded server" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["search"], ["serve"], ["test"], ["corpus", "run"], ["corpus", "test"], ["knowledge", "check"], ["btool"]]
)
def test_every_command_explains_them_alike(words: list[str]) -> None:
    result: Result = CliRunner().invoke(cli.cli, [*words, "--help"])
    text = " ".join(result.output.split())
    assert "An add-on or other app: a folder, .tar.gz, .spl or .zip" in text
    assert "Use Caltrop's own add-ons (default)" in text

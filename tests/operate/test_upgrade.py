"""Install 1.0, schedule, tune and edit, install 1.1: what a site has set stays; what stays behind is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from caltrop.cli import main
from caltrop.content import load
from caltrop.operate.installed import detections
from caltrop.operate.lookups import Brought, brought, replaced
from caltrop.operate.tuning import place
from caltrop.render import build
from caltrop.replay.remote import RemoteTarget
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.content.sample import Repository

from .conftest import URL, Run

APP = "test_app"
LOOKUP = """\
name: hosts
id: 44444444-4444-4444-8444-444444444444
version: 1
creation_date: '2026-01-01'
modification_date: '2026-01-01'
author: Somebody
lookup_type: csv
description: Hosts that are known.
"""
Packages = Callable[..., Path]


@pytest.fixture
def packages(tmp_path: Path) -> Packages:
    """A package of the sample in a version, with more changes."""
    repository = Repository(tmp_path / "content")

    def made(
        version: str,
        rows: str,
        *,
        detection: list[tuple[str, str]] | None = None,
        renamed: bool = False,
        flavour: str = "es",
    ) -> Path:
        files: dict[str, str | None] = {"lookups/csv/hosts.yml": LOOKUP, "lookups/csv/hosts.csv": rows}
        root = repository(
            files,
            detection=[("process=x.exe", "process=x.exe | lookup hosts host AS dest OUTPUT owner"), *(detection or [])],
        )
        if renamed:
            old = root / "detections/endpoint/some_process.yml"
            text = old.read_text().replace("Some Process", "Other Process").replace("some_process_", "other_process_")
            old.rename(old.with_name("other_process.yml")).write_text(text)
        text = (root / "app.yml").read_text()
        (root / "app.yml").write_text(text.replace('"1.0.0"', f'"{version}"') + f"flavour: {flavour}\n")
        catalogue = load(root)
        assert catalogue.errors == [], catalogue.errors
        return build(catalogue, tmp_path / "dist").package

    return made


def install(run: Run, package: Path, *more: str) -> str:
    code, out, err = run("install", str(package), *more)
    assert code == 0 and out == f"installed {package.name} into {URL}\n", err
    return err


def inputlookup(target: RemoteTarget, name: str) -> list[dict[str, object]]:
    return target.search(f"| inputlookup {name}", app=APP, owner="nobody")


def test_what_a_site_has_set_stays(run: Run, target: RemoteTarget, packages: Packages) -> None:
    assert install(run, packages("1.0.0", "host,owner\na,ann\n")) == ""
    chosen = ["some_process", "--app-id", APP]
    for words in (
        ["schedule", *chosen, "--cron", "*/5 * * * *", "--earliest", "-15m@m", "--enable"],
        ["tune", *chosen, "--filter", 'search NOT user="backup"'],
    ):
        assert run(*words)[0] == 0
    target.search(
        '| makeresults | eval host="b", owner="bob" | table host owner | outputlookup append=true hosts.csv',
        app=APP,
        owner="nobody",
    )
    target.search('| makeresults | eval who="ours" | table who | outputlookup ours.csv', app=APP, owner="nobody")

    err = install(
        run,
        packages("1.1.0", "host,owner\na,ann\nc,cyd\n", detection=[("process=x.exe", "process=y.exe")]),
        "--keep-lookup",
        "hosts",
    )
    assert err == "", "it keeps its rows: nothing is lost that has to be told"
    (one,) = detections(target, APP)
    assert (one.enabled, one.cron, one.settings["dispatch.earliest_time"]) == (True, "*/5 * * * *", "-15m@m")
    assert "y.exe" in one.spl, "and the search is the new one"
    assert target.macro("some_process_filter", APP) == 'search NOT user="backup"'
    assert inputlookup(target, "hosts.csv") == [{"host": "a", "owner": "ann"}, {"host": "b", "owner": "bob"}]
    assert inputlookup(target, "ours.csv") == [{"who": "ours"}]
    names = target.service.get("data/lookup-table-files", count=0, output_mode="json").body.read().decode()
    assert "ours.csv" in names and "caltrop_kept" not in names


def test_rows_that_an_upgrade_replaces_are_told(run: Run, target: RemoteTarget, packages: Packages) -> None:
    install(run, packages("1.0.0", "host,owner\na,ann\n"))
    new = packages("1.1.0", "host,owner\nc,cyd\nd,dot\n")
    assert replaced(target, brought(new)) == {"hosts.csv": (1, 2)}
    err = install(run, new)
    assert err == "hosts.csv had 1 rows here, which the 2 of the package replace (--keep-lookup hosts.csv keeps them)\n"
    assert [row["host"] for row in inputlookup(target, "hosts.csv")] == ["c", "d"]
    assert install(run, new) == "", "the same rows again"


@pytest.mark.parametrize("flavour", ["es", "no-es", "cloud", "es\nes_version: 8"])
def test_what_the_build_writes_is_what_is_read(
    run: Run, target: RemoteTarget, packages: Packages, flavour: str
) -> None:
    install(run, packages("1.0.0", "host,owner\na,ann\n", flavour=flavour))
    found = {one.name: one for one in detections(target, APP)}
    one = found.pop("Some Process")
    assert (one.type, one.stories, one.techniques) == ("TTP", ("A Story",), ("T1047",))
    assert (one.filter_macro, one.cron, one.enabled, one.scheduled) == ("some_process_filter", "0 * * * *", False, True)
    assert ("dest", 50) in [(risk["risk_object_field"], risk["risk_score"]) for risk in one.risk]
    assert place(one).alone
    assert set(found) == ({"Risk Threshold Exceeded"} if flavour == "no-es" else set())


def test_lookups_that_can_be_kept(run: Run, packages: Packages, tmp_path: Path) -> None:
    package = packages("1.0.0", "host,owner\na,ann\n")
    assert brought(package) == Brought(APP, {"hosts.csv": [(("host", "a"), ("owner", "ann"))]}), (
        "not what the build makes of the content"
    )
    code, _, err = run("install", str(package), "--keep-lookup", "host")
    assert code == 2 and "brings no lookup file 'host.csv'\n  hint: did you mean 'hosts.csv'?" in err
    assert install(run, package, "--keep-lookup", "hosts.csv") == "", "a first installation has nothing to keep"
    (tmp_path / "text.tar.gz").write_text("text")
    code, _, err = run("install", str(tmp_path / "text.tar.gz"))
    assert code == 2 and "did not install text.tar.gz" in err, "the target is asked"


def test_a_renamed_detection_begins_anew_and_diff_says_what_stays_behind(
    run: Run, target: RemoteTarget, admin: Client, packages: Packages, daemon: Daemon, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    old = packages("1.0.0", "host,owner\na,ann\n")
    install(run, old)
    assert run("enable", "some_process", "--app-id", APP)[0] == 0
    new = packages("1.1.0", "host,owner\na,ann\n", renamed=True)
    install(run, new)
    (one,) = detections(target, APP)
    assert (one.name, one.enabled) == ("Other Process", False)
    local = (daemon.state.etc / "apps" / APP / "local" / "savedsearches.conf").read_text()
    assert "[Test - Some Process - Rule]" in local
    assert main(["diff", str(old), str(new)]) == 1
    told = capsys.readouterr().out
    assert "`[Test - Some Process - Rule]`: set `[Test - Other Process - Rule]` as it was, then delete it" in told
    path = f"/servicesNS/nobody/{APP}/saved/searches/Test%20-%20Some%20Process%20-%20Rule"
    assert admin.delete(path).status == 200, "and it can be deleted"

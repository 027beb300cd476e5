"""A target asked by searches explains as the engine does that ran the search itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from caltrop.engine.instance import Instance
from caltrop.explained import explained as explained_here
from caltrop.replay import evidence
from caltrop.replay.remote import Credentials, RemoteTarget
from caltrop.replay.target import TargetError
from caltrop.spl import SplError, parse
from caltrop.spl.ast import Command
from caltrop.splunkd.inprocess import Wire
from caltrop.splunkd.server import Server
from tests.explain.conftest import NOW, events
from tests.explain.conftest import app as app  # the fixture
from tests.explain.test_explain import CASES

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(app: Path) -> Iterator[Server]:
    with Server(addons=[]) as running:
        running.install(app)
        instance = running.daemon.state.instance
        instance.store.create_index("win")
        instance.store.append(events())
        yield running


@pytest.fixture(scope="module")
def target(server: Server) -> RemoteTarget:
    credentials = Credentials(server.username, server.password)
    return RemoteTarget.connect(server.url, credentials, hec_url=server.hec_url, wire=Wire(server.daemon))


@pytest.fixture
def instance(server: Server) -> Instance:
    return server.daemon.state.instance


def foreign(target: RemoteTarget, spl: str) -> list[str]:
    found = evidence.explained(target, spl, "demo", "h", earliest=NOW - 1000, latest=NOW, now=NOW)
    return [finding.text for finding in found.findings]


# A search over the replayed events alone names their host, and asks for events in a time range.
SAME = [spl for spl, subject, _ in CASES if subject != "time"]


@pytest.mark.parametrize("spl", SAME)
def test_both_ways_say_the_same(target: RemoteTarget, instance: Instance, spl: str) -> None:
    here = explained_here(
        instance, instance.search(spl, earliest=NOW - 1000, latest=NOW, now=NOW, app="demo"), app="demo"
    )
    assert here.findings and foreign(target, spl) == [finding.text for finding in here.findings]


def test_stages_and_macros_come_from_the_target(target: RemoteTarget) -> None:
    found = evidence.explained(
        target, "`win` EventCode=1 | stats count by user | where count>10", "demo", "h",
        earliest=NOW - 1000, latest=NOW, now=NOW,
    )  # fmt: skip
    assert [(s.before, s.after) for s in found.stages] == [(9, 5), (5, 3), (3, 0)]
    assert found.macros == (("win", "index=win sourcetype=sysmon:xml"),)


def test_events_of_others_are_not_asked(target: RemoteTarget) -> None:
    found = evidence.explained(target, "user=ann", "demo", "nobody", earliest=0, latest=NOW, now=NOW)
    assert [finding.subject for finding in found.findings] == ["data"]


def test_a_macro_that_is_not_there_is_an_error(target: RemoteTarget) -> None:
    with pytest.raises(SplError, match="nosuch"):
        foreign(target, "`nosuch`")


def test_commands_that_do_more_than_give_rows_are_not_run_again(target: RemoteTarget, server: Server) -> None:
    text = foreign(target, "EventCode=1 | outputlookup seen.csv | search user=nobody")
    assert text and not list(server.daemon.state.data_dir.rglob("seen.csv"))
    with pytest.raises(TargetError, match="not run again"):
        commands = tuple(c for c in parse("EventCode=1 | outputlookup seen.csv").commands if isinstance(c, Command))
        evidence.SearchedEvidence(target, "demo", "h", {}).count(commands)


def test_over_a_socket_as_a_foreign_target(server: Server) -> None:
    target = RemoteTarget.connect(server.url, Credentials(server.username, server.password), hec_url=server.hec_url)
    assert "nearest: `reg.exe` (2)" in foreign(target, "`win` `reg`")[0]

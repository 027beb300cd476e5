"""The views of a package: what they are made of, and what they show when they run against a server that has the package."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.content import load
from caltrop.content.config import VIEWS, AppConfig
from caltrop.content.model import Catalogue, Detection, Drilldown, Entity
from caltrop.dialect import simplexml
from caltrop.dialect.conf import parse as parse_conf
from caltrop.render import build, catalogue, views
from caltrop.render.reading import reading
from caltrop.spl import parse as parse_spl
from caltrop.spl import parse_eval
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from tests.content.sample import DETECTION, Repository
from tests.examples import examples
from tests.patience import PATIENCE
from tests.render.browser import Browser, Rows

START = 1_699_997_400.0  # 2023-11-14T21:30:00Z
RULE, HUNT, BLIND = "Test - Some Process - Rule", "Test - Odd Hunt - Rule", "Test - Blind One - Rule"
DRILL = (
    'drilldown_searches:\n- name: Look at $dest$\n  search: \'%original_detection_search% | search dest="$dest$" user="$user$"\'\n'
    "  earliest_offset: $info_min_time$\n  latest_offset: $info_max_time$\n"
)
SOURCE = (
    "name: A Source\nid: 44444444-4444-4444-8444-444444444444\nversion: 1\ncreation_date: '2026-01-01'\nmodification_date: '2026-01-01'\n"
    "author: Somebody\ndescription: Things.\nsource: some\nsourcetype: thing\n"
)


class Clock:
    """Stands still until it is moved."""

    now = START

    def __call__(self) -> float:
        return self.now


class Site:
    """A server with a package of three detections, at a time that stands still, and its views."""

    def __init__(self, folder: Path, config: str, more: Mapping[str, str | None] | None = None) -> None:
        """`config` is added to app.yml, `more` to the content; content with a data model gets the add-on for it."""
        self.clock = Clock()
        files: dict[str, str | None] = {
            "data_sources/a_source.yml": SOURCE,
            "detections/endpoint/odd_hunt.yml": _other("Odd Hunt", "3", "type: TTP", "type: Hunting"),
            "detections/endpoint/blind_one.yml": _other("Blind One", "5", "- A Source", "- Other Source"),
        }
        content = Repository(folder / "content")(
            files | dict(more or {}), detection=[("tests:", f"{DRILL}required_fields: [dest, user, parent]\ntests:")]
        )
        app = content / "app.yml"
        app.write_text(app.read_text() + config)
        built = build(load(content, checks=False), folder / "dist")
        self.tree = built.tree
        self.daemon = Daemon(folder / "server", password="secret", addons=None if more else (), clock=self.clock)
        self.admin = Client(self.daemon).basic("admin", "secret")
        assert self.admin.post("apps/local", name=str(built.package), filename=1).status == 201
        self.faults: list[str] = []

    def run(self, spl: str, earliest: str, latest: str) -> Rows:
        """As a panel runs it: in the app, over its range; whatever the server says beside rows is a fault."""
        text = spl if spl.lstrip().startswith("|") else f"search {spl}"
        path = "/servicesNS/admin/test_app/search/jobs"
        answer = self.admin.post(
            path, search=text, exec_mode="oneshot", count=0, earliest_time=earliest, latest_time=latest
        )
        assert answer.status == 200, f"{text}\n{answer.text}"
        self.faults += [f"{text}: {m['text']}" for m in answer.json()["messages"] if m["type"] not in ("INFO", "DEBUG")]
        rows: Rows = answer.json()["results"]
        return rows

    def view(self, name: str, **values: str) -> Browser:
        text = (self.tree / f"default/data/ui/views/{name}.xml").read_text()
        return Browser(text, self.run, {key.replace("__", "."): value for key, value in values.items()})

    def enable(self, name: str) -> None:
        answer = self.admin.post(f"/servicesNS/nobody/test_app/saved/searches/{_url(name)}", disabled=0)
        assert answer.status == 200, answer.text

    def send(self, *events: str) -> None:
        for text in events:
            answer = self.admin.send(
                "receivers/simple", text, index="main", source="some", sourcetype="thing", host="web1"
            )
            assert answer.status == 200, answer.text

    def tick(self, seconds: float) -> None:
        """Time passes; scheduled searches run, and are waited for."""
        self.clock.now += seconds
        for job in self.daemon.searching.scheduler.run_due(self.clock.now):
            assert job.done.wait(PATIENCE)
        self.daemon.state.logs.flush()
        self.clock.now += 60  # what was logged lies before "now"


def _url(name: str) -> str:
    return name.replace(" ", "%20")


def _other(name: str, digit: str, old: str, new: str) -> str:
    text = DETECTION.replace("Some Process", name).replace("some_process", name.lower().replace(" ", "_"))
    text = text[: text.index("tests:\n")].replace("2222-4222-8222", f"2222-4222-82{digit}2")
    assert old in text
    return text.replace(old, new, 1)


def _site(
    tmp_path_factory: pytest.TempPathFactory, config: str, more: Mapping[str, str | None] | None = None
) -> Iterator[Site]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        made = Site(tmp_path_factory.mktemp("site"), config, more)
        yield made
        made.daemon.stop()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A package that was just installed."""
    yield from _site(tmp_path_factory, "")


# Enterprise Security in the unit part, both in `make test`.
FLAVOURS = [
    pytest.param("flavour: es\n", id="es"), pytest.param("flavour: no-es\n", id="no-es", marks=pytest.mark.slow)
]  # fmt: skip


@pytest.fixture(scope="module", params=FLAVOURS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two detections enabled, events in the index, one scheduled run of each."""
    for made in _site(tmp_path_factory, request.param):
        for name in (RULE, HUNT):
            made.enable(name)
        made.send("process=x.exe dest=web1 user=ann parent=a.exe", "process=x.exe dest=web1 user=CORP\\bob")
        made.send("process=x.exe dest=web2 user=backup")
        made.clock.now += 1000
        made.tick(1800)
        yield made


# -- before anything is enabled ------------------------------------------------------------------------------------------


def test_the_overview_of_a_fresh_install_says_what_to_do_first(empty: Site) -> None:
    overview = empty.view("overview")
    said = overview.html()
    assert "No detection is enabled yet" in said and "Enable." in said and "Schedule." in said and "Tune." in said
    rows = overview.rows("Detections")
    assert [(r["detection"], r["state"], r["hits"]) for r in rows] == [
        (name, "disabled", "0") for name in ("Blind One", "Odd Hunt", "Some Process")
    ]
    assert rows[2]["type"] == "TTP" and rows[2]["story"] == "A Story" and rows[2]["technique"] == "T1047"
    assert rows[2]["schedule"] == "0 * * * *" and rows[2]["macro"] == "some_process_filter"


def test_views_without_data_are_empty_and_say_why(empty: Site) -> None:
    hits = empty.view("hits")
    assert "No hits in this range" in hits.html()
    assert not [p.title for p in hits.panels if p.title == "Hits, newest first"]
    coverage = empty.view("coverage", form__search_name=RULE)
    sight = {r["detection"]: (r["sight"], r["events"]) for r in coverage.rows("Is each detection blind?")}
    assert sight == {"Some Process": ("blind", "0"), "Odd Hunt": ("blind", "0"), "Blind One": ("unknown", "0")}
    assert {r["share"] for r in coverage.rows("Fields that are filled: Some Process")} == {"no events"}
    assert coverage.rows("Risk by entity") == [] and coverage.rows("Runs that were skipped or failed, and why") == []
    tune = empty.view("tune", form__search_name=RULE)
    assert "finds nothing in this range" in tune.html()
    assert empty.faults == []


# -- with data -----------------------------------------------------------------------------------------------------------


def test_the_overview_counts_hits_and_runs_and_leads_on(site: Site) -> None:
    overview = site.view("overview")
    assert "No detection is enabled yet" not in overview.html()
    assert overview.single("Enabled detections") == "2" and overview.single("Hits") == "6"
    rows = {row["detection"]: row for row in overview.rows("Detections")}
    found = rows["Some Process"]
    assert (found["state"], found["hits"]) == ("enabled", "3")
    assert found["trend"][0].startswith("##__SPARKLINE__##") and sum(map(int, found["trend"][1:])) == 3
    assert found["last_run"].startswith("2023-11-14 2") and found["last_hit"] and found["next_run"]
    # A hunt leaves no event: its hits are those that the scheduler counted.
    assert (rows["Odd Hunt"]["hits"], rows["Blind One"]["hits"]) == ("3", "0")
    number = [row["detection"] for row in overview.rows("Detections")].index("Some Process")
    links = {
        column: overview.click("Detections", number, column)
        for column in ("detection", "filter", "hits", "trend", "state")
    }
    quoted = RULE.replace(" ", "%20")
    assert links["detection"] == f"/app/test_app/help?form.search_name={quoted}"
    assert (
        links["hits"]
        == links["trend"]
        == f"/app/test_app/hits?form.search_name={quoted}&form.range.earliest=-24h%40h&form.range.latest=now"
    )
    assert (
        links["filter"].startswith("/manager/test_app/admin/macros/some_process_filter?")
        and "action=edit" in links["filter"]
    )
    assert links["state"].startswith("/manager/test_app/saved/searches?") and links["state"].endswith(
        f"search={quoted}"
    )
    overview.choose("words", "a story")
    assert len(overview.rows("Detections")) == 3
    overview.choose("words", "hunt")
    assert [row["detection"] for row in overview.rows("Detections")] == ["Odd Hunt"]
    overview.choose("words", "*")
    overview.choose("state", "disabled")
    assert [row["detection"] for row in overview.rows("Detections")] == ["Blind One"]
    assert site.faults == []


def test_the_hits_by_time_host_and_technique(site: Site) -> None:
    hits = site.view("hits")
    assert sum(int(row["Some Process"]) for row in hits.rows("Hits over time")) == 3
    assert {row["host"]: row["hits"] for row in hits.rows("By host")} == {"web1": "2", "web2": "1"}
    assert hits.rows("By technique") == [
        {"technique": "T1047 Windows Management Instrumentation", "hits": "3", "detections": "1"}
    ]
    assert [(r["detection"], r["hits"], r["hosts"]) for r in hits.rows("By detection")] == [("Some Process", "3", "2")]
    rows = hits.rows("Hits, newest first")
    assert {(row["host"], row["user"]) for row in rows} == {("web1", "ann"), ("web1", "CORP\\bob"), ("web2", "backup")}
    assert {row["score"] for row in rows} == {"50"} and rows[0]["message"].startswith("Process x.exe ran on web")
    hits.choose("words", "web2")
    assert [row["user"] for row in hits.rows("Hits, newest first")] == ["backup"]


def test_a_hit_leads_to_its_events_its_risk_and_its_drilldowns(site: Site) -> None:
    hits = site.view("hits")
    titles = [panel.title for panel in hits.panels]
    assert "Events around it" not in titles
    number = [row["user"] for row in hits.rows("Hits, newest first")].index("CORP\\bob")
    assert hits.click("Hits, newest first", number, "host") == ""
    assert hits.rows("Where to look further: Some Process") == [
        {
            "drill_name": "Look at web1",
            "drill_search": f'| savedsearch "{RULE}" | search dest="web1" user="CORP\\\\bob"',
            "drill_earliest": hits.rows("Hits, newest first")[number]["info_min_time"],
            "drill_latest": hits.rows("Hits, newest first")[number]["info_max_time"],
        }
    ]
    link = hits.click("Where to look further: Some Process", 0, "drill_name")
    assert link.startswith("/app/test_app/search?q=%7C%20savedsearch%20%22Test%20-%20Some%20Process%20-%20Rule%22")
    risk = {row["risk_object"]: row["risk"] for row in hits.rows("Risk of its entities, 7 days")}
    assert risk == {"web1": "100", "CORP\\bob": "40"}
    number = [row["risk_object"] for row in hits.rows("Risk of its entities, 7 days")].index("CORP\\bob")
    link = hits.click("Risk of its entities, 7 days", number, "risk")
    spl = unquote(link.partition("?q=")[2].partition("&")[0])
    assert spl == 'search `test_app_risk_events` risk_object="CORP\\\\bob"'
    assert {row["risk_object"] for row in site.run(spl, "0", "now")} == {"CORP\\bob"}
    events = [row["_raw"] for row in hits.rows("Events around it")]
    assert sorted(events) == ["process=x.exe dest=web1 user=CORP\\bob", "process=x.exe dest=web1 user=ann parent=a.exe"]
    assert site.faults == []


def test_a_drilldown_runs_and_finds_its_hit(site: Site) -> None:
    hits = site.view("hits")
    number = [row["user"] for row in hits.rows("Hits, newest first")].index("CORP\\bob")
    hits.click("Hits, newest first", number, "host")
    (drill,) = hits.rows("Where to look further: Some Process")
    found = site.run(drill["drill_search"], drill["drill_earliest"], drill["drill_latest"])
    assert {row["user"] for row in found} == {"CORP\\bob"}


def test_a_candidate_filter_is_tried_before_it_is_saved(site: Site) -> None:
    tune = site.view("tune", form__search_name=RULE)
    assert "holds today: search *" in tune.html()
    assert tune.rows("What would happen to the hits") == [{"verdict": "stays", "count": "3"}]
    tune.choose("candidate", 'search NOT user="backup"')
    assert {r["verdict"]: r["count"] for r in tune.rows("What would happen to the hits")} == {"stays": "2", "goes": "1"}
    gone = {
        (row["field"], row["value"]): (row["goes"], row["stays"])
        for row in tune.rows("Values of the hits that would go")
    }
    assert gone[("user", "backup")] == ("1", "0") and gone[("process", "x.exe")] == ("1", "2")
    tune.choose("verdict", "goes")
    assert [(row["verdict"], row["dest"], row["user"], row["score"]) for row in tune.rows("Hits, newest first")] == [
        ("goes", "web2", "backup", "50")
    ]
    assert "removes everything" not in tune.html() and "is high" not in tune.html()
    tune.choose("candidate", 'where user="nobody"')
    assert "removes everything" in tune.html()
    tune.choose("candidate", 'eval risk_score=90 | search dest="web1"')
    assert "removes 1 hit(s) whose risk score is high" not in tune.html()
    assert site.faults == []


@pytest.mark.parametrize(
    ("candidate", "stays"),
    [
        ("search *", 3),
        ("eval x=1", 3),
        ("where 1=2", 0),
        ("head 1", 1),
        ("sort - user | dedup dest", 2),
        ("stats count", 0),
    ],
)
def test_every_hit_has_one_verdict_whatever_the_candidate_is(site: Site, candidate: str, stays: int) -> None:
    tune = site.view("tune", form__search_name=RULE)
    tune.choose("candidate", candidate)
    found = {row["verdict"]: int(row["count"]) for row in tune.rows("What would happen to the hits")}
    assert found == {verdict: count for verdict, count in (("stays", stays), ("goes", 3 - stays)) if count}
    assert len(tune.rows("Hits, newest first")) == 3


def test_a_hit_of_high_risk_that_goes_is_warned_of(site: Site) -> None:
    tune = site.view("tune", form__search_name=RULE)
    tune.tokens["score"] = "61"
    tune.choose("candidate", 'search NOT dest="web2"')
    assert "removes 1 hit(s) whose risk score is high" in tune.html()


def test_what_the_macro_holds_today_counts(site: Site) -> None:
    macro = "/servicesNS/nobody/test_app/configs/conf-macros/some_process_filter"
    assert site.admin.post(macro, definition='search NOT user="ann"').status == 200
    try:
        tune = site.view("tune", form__search_name=RULE)
        assert "holds today: search NOT user=&quot;ann&quot;" in tune.html()
        assert tune.tokens["candidate"] == 'search NOT user="ann"'
        tune.choose("candidate", 'search NOT user="backup"')
        found = {r["verdict"]: r["count"] for r in tune.rows("What would happen to the hits")}
        assert found == {"stays": "1", "goes": "1", "comes back": "1"}
    finally:
        assert site.admin.post(macro, definition="search *").status == 200


def test_coverage_tells_the_blind_from_those_that_see(site: Site) -> None:
    coverage = site.view("coverage", form__search_name=RULE)
    rows = {row["detection"]: row for row in coverage.rows("Is each detection blind?")}
    assert {name: (row["sight"], row["events"], row["runs"]) for name, row in rows.items()} == {
        "Some Process": ("sees", "3", "1"), "Odd Hunt": ("sees", "3", "1"), "Blind One": ("unknown", "0", "0"),
    }  # fmt: skip
    assert rows["Some Process"]["last_event"].startswith("2023-11-14 2")
    fields = {
        r["field"]: (r["filled"], r["events"], r["share"])
        for r in coverage.rows("Fields that are filled: Some Process")
    }
    assert fields == {"dest": ("3", "3", "100.0 %"), "user": ("3", "3", "100.0 %"), "parent": ("1", "3", "33.3 %")}
    assert coverage.rows("ATT&CK: enabled detections of all that there are") == [
        {"Execution": "T1047 Windows Management Instrumentation (2/3)"}
    ]
    risk = {row["risk_object"]: row["risk"] for row in coverage.rows("Risk by entity")}
    assert risk == {"web1": "100", "web2": "50", "ann": "40", "CORP\\bob": "40", "backup": "40"}
    number = [row["detection"] for row in coverage.rows("Is each detection blind?")].index("Odd Hunt")
    coverage.click("Is each detection blind?", number, "detection")
    assert coverage.tokens["detection"] == "Odd Hunt"


def test_the_page_of_a_detection(site: Site) -> None:
    said = site.view("help", form__search_name=RULE).html()
    for words in (
        "Finds a process.",
        "Collect it.",
        "None known.",
        "events: Where the events are.",
        "https://example.org/",
    ):
        assert words in said
    assert "A hit scores risk for dest (system, 50), user (user, 40)" in said and "Look further: Look at $dest$" in said


def test_a_finding_that_scores_its_entity_itself_is_a_hit(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Enterprise Security 8: the finding's entity is in the notable, the others in risk events; together they are one hit."""
    for site in _site(tmp_path_factory, "es_version: 8\n"):
        site.enable(RULE)
        site.send("process=x.exe dest=web1 user=ann", "process=x.exe dest=web2 user=bob")
        site.tick(2800)
        rows = site.view("hits").rows("Hits, newest first")
        assert {(row["host"], row["user"], row["notable"]) for row in rows} == {
            ("web1", "ann", "yes"),
            ("web2", "bob", "yes"),
        }


MODELED = {
    "detections/web/odd_pages.yml": _other(
        "Odd Pages",
        "6",
        "'`events` process=x.exe | stats count by dest user process |",
        "'| tstats count from datamodel=Web where Web.url=* by Web.dest Web.user Web.url | `drop_dm_object_name(Web)` | rename url AS process |",
    ).replace("category: endpoint", "category: web"),
    "app/default/eventtypes.conf": "[thing_web]\nsearch = sourcetype=thing url=*\n",
    "app/default/tags.conf": "[eventtype=thing_web]\nweb = enabled\n",
}


def test_coverage_of_a_data_model(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Events of the dataset are counted, and fields that it says are unknown are not filled."""
    name = "Test - Odd Pages - Rule"
    for site in _site(tmp_path_factory, "", MODELED):
        site.send("url=/a dest=web1", "url=/b dest=web1 user=ann", "process=y.exe dest=web1")
        site.clock.now += 60
        coverage = site.view("coverage", form__search_name=name)
        rows = {row["detection"]: row for row in coverage.rows("Is each detection blind?")}
        assert (rows["Odd Pages"]["sight"], rows["Odd Pages"]["events"]) == ("sees", "2")
        assert rows["Some Process"]["events"] == "3"
        fields = {row["field"]: row["filled"] for row in coverage.rows("Fields that are filled: Odd Pages")}
        assert fields == {"url": "2", "dest": "2", "user": "1"}
        assert site.faults == []


class Packaged:
    """A server with the package of a whole repository, and nothing else."""

    def __init__(self, folder: Path, root: Path) -> None:
        content = load(root, checks=False)
        self.id = content.config.id
        self.names = {d.name: content.config.rule_name(d.name) for d in content.detections}
        built = build(content, folder / "dist")
        self.tree = built.tree
        self.daemon = Daemon(folder / "server", password="secret")
        self.admin = Client(self.daemon).basic("admin", "secret")
        assert self.admin.post("apps/local", name=str(built.package), filename=1).status == 201
        self.faults: list[str] = []

    def run(self, spl: str, earliest: str, latest: str) -> Rows:
        text = spl if spl.lstrip().startswith("|") else f"search {spl}"
        answer = self.admin.post(
            f"/servicesNS/admin/{self.id}/search/jobs", search=text, exec_mode="oneshot", count=0, earliest_time=earliest,
            latest_time=latest,
        )  # fmt: skip
        if answer.status != 200 or any(m["type"] not in ("INFO", "DEBUG") for m in answer.json()["messages"]):
            self.faults.append(f"{text}\n{answer.text[:500]}")
        rows: Rows = answer.json().get("results", [])
        return rows

    def view(self, name: str, **values: str) -> Browser:
        text = (self.tree / f"default/data/ui/views/{name}.xml").read_text()
        return Browser(text, self.run, {key.replace("__", "."): value for key, value in values.items()})


@pytest.mark.slow
def test_every_detection_here_can_be_tuned_and_looked_at(root: Path, tmp_path: Path) -> None:
    """Its search without the filter, that of its events and the counts of its fields all run."""
    site = Packaged(tmp_path, root)
    for name, rule in site.names.items():
        assert f"{name}\n" in site.view("tune", form__search_name=rule).html()
        assert site.view("coverage", form__search_name=rule).rows(f"Fields that are filled: {name}")
        assert "How to implement it" in site.view("help", form__search_name=rule).html()
    site.daemon.stop()
    assert site.faults == []


@pytest.mark.slow
@pytest.mark.shared
def test_views_of_a_thousand_detections(shared: Path, tmp_path: Path) -> None:
    """Each is as long as one of three detections, and its searches run."""
    site = Packaged(tmp_path, shared / "corpus/escu")
    for name in VIEWS:
        path = site.tree / f"default/data/ui/views/{name}.xml"
        assert path.stat().st_size < 20_000 and simplexml.check(path.read_text()) == []
    assert len(site.view("overview").rows("Detections")) == len(site.names) > 1000
    coverage = site.view("coverage")
    assert len(coverage.rows("Is each detection blind?")) == len(site.names)
    assert len(coverage.rows("ATT&CK: enabled detections of all that there are")) > 20
    site.view("hits")
    site.view("help")
    site.daemon.stop()
    assert site.faults == []


# -- risk without Enterprise Security ------------------------------------------------------------------------------------


def test_a_risk_notable_rises_when_risk_passes_the_threshold(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Disabled as it ships; enabled, one notable an entity over the threshold; tuned by its two macros; once a day."""
    name = "Test - Risk Threshold Exceeded"
    for site in _site(tmp_path_factory, "flavour: no-es\n"):
        saved = site.admin.get(f"/servicesNS/nobody/test_app/saved/searches/{_url(name)}").content
        assert (saved["disabled"], saved["is_scheduled"]) == (True, True)
        site.enable(RULE)
        site.enable(name)
        site.send(
            "process=x.exe dest=web1 user=ann", "process=x.exe dest=web1 user=bob", "process=x.exe dest=web2 user=bob"
        )
        site.clock.now += 1000
        site.tick(1800)  # risk: web1 100, bob 80, web2 50, ann 40
        assert _notables(site) == []
        site.tick(1200)
        assert [(n["risk_object"], n["risk_score"], n["rule_name"]) for n in _notables(site)] == [("web1", "100", name)]
        (shown,) = site.view("hits").rows("Entities whose risk passed the threshold")
        assert (shown["risk_object"], shown["risk_score"], shown["rules"]) == ("web1", "100", RULE)
        site.tick(3600)
        assert len(_notables(site)) == 1  # told already
        threshold = "/servicesNS/nobody/test_app/configs/conf-macros/test_app_risk_threshold"
        assert site.admin.post(threshold, definition="60").status == 200
        ignored = "/servicesNS/nobody/test_app/configs/conf-macros/test_app_risk_threshold_filter"
        assert site.admin.post(ignored, definition='search NOT risk_object="bob"').status == 200
        site.tick(3600)
        assert len(_notables(site)) == 1  # bob is left out
        assert site.admin.post(ignored, definition="search *").status == 200
        site.tick(3600)
        assert {n["risk_object"] for n in _notables(site)} == {"web1", "bob"}
        assert site.faults == []


def _notables(site: Site) -> Rows:
    return site.run("index=notable | sort 0 _time", "0", "now")


def test_only_the_flavour_without_enterprise_security_has_the_risk_notable(empty: Site) -> None:
    assert "Risk Threshold Exceeded" not in (empty.tree / "default/savedsearches.conf").read_text()
    assert "risk_threshold" not in (empty.tree / "default/macros.conf").read_text()


# -- what they are made of -----------------------------------------------------------------------------------------------


def _files(**config: Any) -> dict[str, str]:
    return views.views(_catalogue("Some", config))


def _catalogue(
    name: str, config: dict[str, Any], search: str = "`events` a=1 | stats count by dest | `x_filter`"
) -> Catalogue:
    detection = Detection(
        name=name, file="x.yml", search=search, message=name, mitre_attack_id=("T1047",),
        entities=(Entity(field="dest", type="system", score=10),), analytic_story=(name,), data_source=(name,),
        drilldown_searches=(Drilldown(name=name, search=f'search x="{name}"'),),
    )  # fmt: skip
    return Catalogue(root="/nowhere", config=AppConfig(**config), detections=[detection])


@pytest.mark.parametrize("flavour", ["es", "cloud", "no-es"])
def test_every_view_is_simple_xml_as_splunk_documents_it(flavour: str) -> None:
    files = _files(flavour=flavour)
    assert [Path(name).stem for name in files] == list(VIEWS)
    for name, text in files.items():
        assert simplexml.check(text) == [], name


@examples(25)
@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30))
def test_names_of_any_kind_give_views_that_read_and_searches_that_parse(name: str) -> None:
    found = _catalogue(name, {"label": name, "prefix": name, "flavour": "no-es"})
    lookups = catalogue.lookups(found)
    for text in lookups.values():
        assert list(csv.reader(io.StringIO(text)))
    for path, text in views.views(found).items():
        assert simplexml.check(text) == [], path
        view = simplexml.read(simplexml.parse(text))
        for query in view.every_query():
            tokens = dict.fromkeys(simplexml.names(query.query), "search x")
            filled = simplexml.fill(query.query, tokens)
            assert filled is not None
            parse_spl(f"| makeresults | {filled.lstrip('| ')}" if query.base else filled)
            for condition in (c for handler in query.handlers for c in handler.conditions if c.match):
                expression = simplexml.fill(condition.match, dict.fromkeys(simplexml.names(condition.match), "1"))
                assert expression is not None
                parse_eval(expression)
        for palette in (one for one in simplexml.parse(text).walk() if one.tag == "colorPalette"):
            if palette.attributes["type"] == "expression":
                parse_eval(palette.text)


@pytest.mark.parametrize(
    ("written", "left"),
    [
        ("true", VIEWS),
        ("false", ()),
        ("{tune: false}", ("overview", "hits", "coverage", "help")),
        ("{overview: false, help: true}", VIEWS[1:]),
    ],
)
def test_views_can_be_left_out(repository: Repository, written: str, left: tuple[str, ...]) -> None:
    folder = repository()
    (folder / "app.yml").write_text((folder / "app.yml").read_text() + f"views: {written}\n")
    found = load(folder)
    assert not found.errors and found.config.views == left
    tree = build(found, folder / "dist").tree
    assert sorted(path.stem for path in (tree / "default/data/ui/views").glob("*.xml")) == sorted(left)
    nav = simplexml.parse((tree / "default/data/ui/nav/default.xml").read_text())
    named = [one.attributes["name"] for one in nav.all("view")]
    assert named == [*left, "search", "reports", "alerts", "dashboards"]
    (first,) = [one.attributes["name"] for one in nav.all("view") if one.attributes.get("default") == "true"]
    assert first == (left[0] if left else "search")
    for path in (tree / "default/data/ui/views").glob("*.xml"):
        text = path.read_text()
        assert simplexml.check(text) == []
        for absent in set(VIEWS) - set(left):
            assert f'href="{absent}' not in text and f"/{absent}?form" not in text
    visible = parse_conf((tree / "default/savedsearches.conf").read_text()).settings()[RULE]["is_visible"]
    assert visible == ("true" if left else "false")  # where an admin looks for what is enabled
    assert bool(list((tree / "lookups").glob("*.csv"))) == bool(left)


def test_a_view_that_is_no_view_is_an_error_with_its_place(repository: Repository) -> None:
    folder = repository()
    (folder / "app.yml").write_text((folder / "app.yml").read_text() + "views: {tunes: false}\n")
    (problem,) = load(folder).errors
    assert (problem.file, problem.line, problem.code) == ("app.yml", 7, "unknown-field") and "tune" in problem.hint


def test_a_view_and_a_navigation_of_the_template_win(repository: Repository) -> None:
    mine = '<dashboard version="1.1"><label>Mine</label></dashboard>\n'
    nav = '<nav><view name="hits" default="true" /></nav>\n'
    folder = repository({"app/default/data/ui/views/hits.xml": mine, "app/default/data/ui/nav/default.xml": nav})
    tree = build(load(folder), folder / "dist").tree
    assert (tree / "default/data/ui/views/hits.xml").read_text() == mine
    assert (tree / "default/data/ui/nav/default.xml").read_text() == nav


# -- what a detection reads ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("search", "events", "dataset", "fields"),
    [
        ("`events` process=x.exe | stats count by dest user | `f`", "`events`", "", ("process", "dest", "user")),
        ("index=a sourcetype IN (b, c) (EventCode=1 OR EventCode=2) x=1 | table y | `f`", "index=a sourcetype IN (b, c) (EventCode=1 OR EventCode=2)", "", None),
        ("x=1 y=2 | `f`", "x=1 y=2", "", ("x", "y")),
        ("`events` NOT source=z a=1 OR b=2 | `f`", None, "", None),
        ("| tstats count from datamodel=Endpoint.Processes where Processes.a=1 by Processes.dest | `f`", '| from datamodel:"Endpoint.Processes"', "Endpoint.Processes", None),
        ("| tstats count from datamodel=Web where Web.url=* by Web.src | `f`", '| from datamodel:"Web.Web"', "Web.Web", None),
        ("| tstats count from datamodel=Web where nodename=Web.Proxy by x | `f`", '| from datamodel:"Web.Proxy"', "Web.Proxy", None),
        ("| inputlookup a.csv | where b=1 | `f`", "", "", None),
    ],
)  # fmt: skip
def test_what_a_search_reads(search: str, events: str | None, dataset: str, fields: tuple[str, ...] | None) -> None:
    found = reading(_catalogue("f", {}), _detection(search))
    assert found.dataset == dataset
    if events is not None:
        assert found.events == events
    if fields is not None:
        assert found.fields == fields


def _detection(search: str) -> Detection:
    return Detection(name="F", file="x.yml", search=search.replace("`f`", "`f_filter`"))


@pytest.mark.parametrize(
    ("search", "left"),
    [
        ("a=1 | stats count | `f`", "a=1 | stats count"),
        ("a=1 | `f` | head 5", "a=1\n| head 5"),
        ("a=1 `f` | head 5", "a=1 | head 5"),
        ("a=1 | stats count", "a=1 | stats count"),
    ],
)
def test_the_search_without_its_filter(search: str, left: str) -> None:
    assert reading(_catalogue("f", {}), _detection(search)).unfiltered == left


def test_required_fields_of_a_data_model_are_those_of_its_dataset() -> None:
    item = msgspec.structs.replace(
        _detection("| tstats count from datamodel=Endpoint.Processes by Processes.dest | `f`"),
        required_fields=("_time", "Processes.dest", "Processes.user"),
    )
    found = reading(_catalogue("f", {}), item)
    assert found.fields == ("dest", "user")
    assert found.counts.startswith("count(eval(isnotnull('dest') AND 'dest'!=\"unknown\")) AS \"dest\"")

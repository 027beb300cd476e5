"""The search page: written, run, narrowed, looked at stage by stage."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest

from caltrop.engine import budget, extractions, previews
from caltrop.engine.previews import Preview
from caltrop.splunkd.searching.jobs import Job
from caltrop.splunkd.server import Server
from tests.console.conftest import MARKUP, Console, Opened
from tests.patience import PATIENCE


def query_of(console: Console) -> dict[str, str]:
    return {
        name: values[0] for name, values in parse_qs(urlsplit(console.page.url).query, keep_blank_values=True).items()
    }


def write(console: Console, text: str) -> None:
    editor = console.page.get_by_role("textbox", name="Search")
    editor.click()
    console.page.keyboard.press("Control+a")
    console.page.keyboard.press("Delete")
    console.page.keyboard.type(text)


def cells(console: Console, row: int) -> list[str]:
    found: list[str] = console.page.locator(f".grid-row[aria-rowindex='{row + 1}'] [role=cell]").all_text_contents()
    return found


def test_a_search_is_written_and_run_with_the_keyboard_alone(console: Console) -> None:
    page = console.page
    page.get_by_role("heading", name="Search", exact=True).wait_for()
    page.get_by_role("heading", name="Search history").click()  # focus anywhere else
    page.keyboard.press("/")
    page.keyboard.type("index=shop status=500")
    page.keyboard.press("Control+Enter")
    assert console.ended().startswith("✓ 240 events")
    assert query_of(console) == {"q": "index=shop status=500", "earliest": "0", "latest": ""}
    page.locator(".event").first.wait_for()
    assert page.locator(".event").count() == 20
    page.get_by_role("button", name="Next ›").click()
    page.get_by_text("2 of 12").wait_for()
    page.go_back()
    page.get_by_role("heading", name="Search history").wait_for()
    page.get_by_role("link", name="index=shop status=500").wait_for()


def test_fields_show_their_values_and_narrow_the_search(console: Console) -> None:
    page = console.page
    console.search("index=shop sourcetype=access_combined | head 500")
    page.get_by_role("button", name="status 2 values").click()
    page.get_by_role("cell", name="500", exact=True).get_by_role("button").click()
    console.ended()
    assert query_of(console)["q"] == 'index=shop sourcetype=access_combined status="500" | head 500'
    page.get_by_role("button", name="clientip 20 values").click()
    page.get_by_role("button", name="Exclude 10.0.0.0").click()
    console.ended()
    assert query_of(console)["q"].endswith('status="500" NOT clientip="10.0.0.0" | head 500')
    page.get_by_role("button", name="clientip 19 values").click()
    page.get_by_role("button", name="Top values").click()
    assert "19 rows" in console.ended()
    assert query_of(console)["q"].endswith("| top limit=20 clientip")


def test_an_event_opens_to_its_fields(console: Console) -> None:
    page = console.page
    console.search("index=shop status=500")
    page.locator(".event").first.get_by_role("button", name="Fields of the event").click()
    page.get_by_role("button", name="Include method GET").click()
    console.ended()
    assert query_of(console)["q"] == 'index=shop status=500 method="GET"'
    page.get_by_role("button", name="Raw", exact=True).click()
    page.locator(".event-list pre", has_text="HTTP/1.1").first.wait_for()
    page.get_by_role("button", name="Table", exact=True).click()
    page.get_by_role("columnheader", name="_raw").wait_for()


def test_completion_knows_commands_fields_with_counts_macros_and_values(console: Console) -> None:
    page = console.page
    console.search("index=shop")
    page.get_by_role("button", name="status 2 values").wait_for()
    options = page.locator(".cm-tooltip-autocomplete li")

    write(console, "index=shop | timec")
    options.filter(has_text="timechart").first.wait_for()
    page.wait_for_timeout(150)  # a list that has just opened takes no key yet
    page.keyboard.press("Tab")
    page.keyboard.type(" count by stat")
    options.filter(has_text="1,440 events, 2 values").filter(has_text="status").first.wait_for()
    page.keyboard.press("Escape")
    write(console, "index=shop `failed")
    options.filter(has_text="failed_only").first.wait_for()
    write(console, "index=sho")
    options.filter(has_text="1,441 events").first.wait_for()
    write(console, "index=shop | eval x=cidrm")
    options.filter(has_text="cidrmatch").first.wait_for()


def test_mistakes_are_underlined_where_they_are_with_a_hint(console: Console) -> None:
    page = console.page
    write(console, "index=shop | sttas count")
    page.keyboard.press("Escape")
    wrong = page.locator(".cm-lintRange-error")
    wrong.first.wait_for()
    assert "sttas" in (wrong.first.text_content() or "")
    wrong.first.hover()
    page.locator(".cm-diagnostic-error", has_text="stats").wait_for()
    page.mouse.move(5, 500)
    write(console, 'index=shop source="*log" | stats count')
    page.locator(".cm-lintRange-info").first.wait_for()
    assert page.locator(".cm-lintRange-error").count() == 0


def test_macros_expand_in_place(console: Console) -> None:
    write(console, "index=shop `failed_only` | stats count")
    page = console.page
    page.keyboard.press("Escape")
    page.keyboard.press("Home")
    page.keyboard.press("Control+Shift+e")
    page.get_by_role("textbox", name="Search").filter(has_text="index=shop status>=400 | stats count").wait_for()


def test_a_refused_search_says_why(console: Console) -> None:
    console.search("index=shop | nosuchcommand")
    console.page.get_by_role("alert").filter(has_text="nosuchcommand").wait_for()
    assert console.ended() == "The search was refused."


def test_time_ranges_by_preset_date_epoch_and_on_the_timeline(console: Console) -> None:
    page = console.page
    console.search("index=shop sourcetype=access_combined")
    page.get_by_role("button", name="Time range: All time").click()
    console.accessible()
    page.get_by_label("From").fill("2026-03-02T09:00:00")
    page.get_by_label("To").fill("2026-03-02T09:10:00")
    page.get_by_role("button", name="Apply dates").click()
    assert console.ended().startswith("✓ 120 events")
    page.get_by_role("button", name="Time range: 2026-03-02T09:00:00Z to 2026-03-02T09:10:00Z").click()
    page.get_by_label("Earliest").fill("1772438400")
    page.get_by_label("Latest").fill("1772442000")
    page.get_by_role("button", name="Apply", exact=True).click()
    assert console.ended().startswith("✓ 720 events")
    box = page.locator(".timeline").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.25, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 25, steps=4)
    page.mouse.up()
    page.wait_for_url(lambda url: "earliest=1772438400" not in url)
    found = query_of(console)
    assert 1772438400 < float(found["earliest"]) < float(found["latest"]) < 1772442000
    page.get_by_role("button", name="Time range:").click()
    page.get_by_role("button", name="Last 15 minutes").click()
    assert console.ended().startswith("✓ 0 events")
    assert (query_of(console)["earliest"], query_of(console)["latest"]) == ("-15m", "now")


def test_every_stage_shows_its_rows(console: Console) -> None:
    page = console.page
    console.search("index=shop sourcetype=access_combined | stats count by status | where count > 5000", tab="pipeline")
    stages = page.locator(".stage")
    assert [text.split(" ")[0] for text in page.locator(".stage-rows").all_text_contents()] == ["1,440", "2", "0"]
    page.get_by_role("heading", name="Rows after stage 2").wait_for()
    assert "emptied" in stages.nth(2).get_attribute("class")
    assert sorted([cells(console, 1), cells(console, 2)]) == [["200", "1200"], ["500", "240"]]
    stages.nth(0).click()
    page.get_by_role("heading", name="Rows after stage 1").get_by_text("the first 500 of 1,440").wait_for()
    page.get_by_text("count > 5000 matches none").wait_for()
    console.accessible()


def test_a_hundred_thousand_rows_scroll_and_sort(console: Console) -> None:
    page = console.page
    console.search("| makeresults count=100000 | streamstats count AS n | table n")
    grid = page.get_by_role("region", name="Results", exact=True)
    page.locator(".grid-row[aria-rowindex='2']").wait_for()
    slowest = page.evaluate(
        """async () => {
          const grid = document.querySelector(".grid");
          let slowest = 0, before = performance.now();
          for (let top = 0; top < 2800000; top += 28000) {
            grid.scrollTop = top;
            await new Promise(requestAnimationFrame);
            const now = performance.now();
            slowest = Math.max(slowest, now - before);
            before = now;
          }
          return slowest;
        }"""
    )
    assert slowest < 500, "no frame takes long, on a machine that others use too"
    grid.evaluate("(el) => el.scrollTo(0, el.scrollHeight)")
    page.locator(".grid-row[aria-rowindex='100001']").get_by_text("100000").last.wait_for()
    assert page.locator(".grid-row").count() < 80, "only what is seen is in the page"
    page.get_by_role("columnheader", name="n").get_by_role("button").click()
    page.get_by_role("columnheader", name="n").get_by_role("button").click()
    grid.evaluate("(el) => el.scrollTo(0, 0)")
    page.locator(".grid-row[aria-rowindex='2'] [role=cell]").filter(has_text="100000").wait_for()


@pytest.mark.parametrize("kind", ["Column", "Bar", "Line", "Area", "Pie", "Scatter", "Single"])
def test_results_are_drawn(console: Console, kind: str) -> None:
    page = console.page
    console.search("index=shop sourcetype=access_combined | timechart span=10m count by status", tab="visualization")
    page.get_by_role("button", name=kind, exact=True).click()
    assert query_of(console)["chart"] == kind.lower()
    if kind == "Single":
        page.locator(".single-value", has_text="100").wait_for()
        return
    marks = {"Line": "path.line", "Area": "path.area", "Pie": "path.slice", "Scatter": "circle"}.get(kind, "rect")
    page.locator(f".chart svg {marks}").first.wait_for(state="attached")
    expected = {"Line": 2, "Area": 2, "Pie": 12}.get(kind, 24)
    assert page.locator(f".chart svg {marks}").count() == expected
    console.accessible()


def test_rows_go_out_as_csv_json_and_raw(console: Console) -> None:
    page = console.page
    console.search("index=shop sourcetype=access_combined | stats count by status")
    got = {}
    for name in ("CSV", "JSON"):
        page.get_by_role("button", name="Export").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=name).click()
        got[name] = download.value.path().read_text()
        page.keyboard.press("Escape")
    assert got["CSV"].splitlines()[0].replace('"', "") == "status,count"
    assert [row["count"] for row in json.loads(got["JSON"])["results"]] == ["1200", "240"]


def test_a_long_search_shows_how_far_it_is_stops_and_moves_nothing(console: Console) -> None:
    page = console.page
    page.evaluate(OBSERVE)
    long = "| makeresults count=2000000 | eval a=md5(tostring(random())) | eval b=sha256(a) | eval c=sha512(b) | stats count by c"
    write(console, long)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Run", exact=True).click()
    page.locator(".job-bar [role=status]").filter(has_text="Running").wait_for()
    page.wait_for_timeout(800)
    shifts = page.evaluate("window.shifts")
    page.get_by_role("button", name="Stop").click()
    assert "stopped early" in console.ended()
    assert sum(shifts) < 0.1


@dataclass
class Held:
    """A search that waits where it has found some of its events."""

    there: threading.Event
    gate: threading.Event
    found: int = 0

    def waited(self) -> str:
        """How many events it has found, as the page writes it, once it waits."""
        assert self.there.wait(PATIENCE)
        return f"{self.found:,}"


@pytest.fixture
def held(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Held]:
    """Searches are looked at from their first moment on, 100 events at a time, and wait where they have found 300 or more."""
    server.daemon.state.instance.kept.clear()  # nothing is extracted yet
    monkeypatch.setattr(previews, "QUIET", 0.0)
    monkeypatch.setattr(previews, "INTERVAL", 0.0)
    monkeypatch.setattr(previews, "SHARE", 1e9)
    monkeypatch.setattr(extractions, "SLICE", 100)
    monkeypatch.setattr(budget, "GRACE", 0.0)
    search, show = Held(threading.Event(), threading.Event()), Job.show

    def stand(job: Job, seen: Preview) -> None:
        show(job, seen)
        if len(seen.events) >= 300 and not search.there.is_set():
            search.found = len(seen.events)
            search.there.set()
            assert search.gate.wait(PATIENCE)

    monkeypatch.setattr(Job, "show", stand)
    yield search
    search.gate.set()


OBSERVE = """() => {
  window.shifts = [];
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts.push(entry.value);
  }).observe({type: "layout-shift", buffered: true});
}"""


def run(console: Console, text: str) -> None:
    write(console, text)
    console.page.keyboard.press("Escape")
    console.page.evaluate(OBSERVE)
    console.page.get_by_role("button", name="Run", exact=True).click()


def test_events_are_there_while_the_search_runs_and_nothing_moves(console: Console, held: Held) -> None:
    page = console.page
    run(console, "index=shop sourcetype=access_combined")
    page.locator(".event").nth(19).wait_for()
    status = page.locator(".job-bar [role=status]")
    found = held.waited()
    status.filter(has_text=f"{found} found").wait_for()
    assert (status.text_content() or "").startswith("Running: ")
    newest = page.locator(".event time").first.text_content()
    assert (newest or "").startswith("2026-03-02 09:59:55")
    page.get_by_role("tab", name=f"Events ({found})").wait_for()
    page.locator(".timeline rect.bar").first.wait_for(state="attached")
    page.get_by_role("button", name="clientip 40 values").wait_for()
    page.get_by_role("button", name="Next ›").click()
    page.get_by_text(f"2 of {-(-held.found // 20)}").wait_for()
    page.get_by_role("button", name="‹ Prev").click()
    page.locator(".event").first.get_by_role("button", name="Fields of the event").click()
    page.get_by_role("button", name="Include method GET").wait_for()
    console.accessible()
    held.gate.set()
    assert console.ended().startswith("✓ 1,440 events")
    page.get_by_role("tab", name="Events (1,440)").wait_for()
    assert page.locator(".event time").first.text_content() == newest
    page.get_by_role("button", name="Include method GET").wait_for()
    assert sum(page.evaluate("window.shifts")) < 0.05


def test_results_are_there_while_the_search_runs_and_nothing_moves(console: Console, held: Held) -> None:
    page = console.page
    run(console, "index=shop sourcetype=access_combined | stats count by status | sort status")
    held.waited()
    page.locator(".grid-row[aria-rowindex='3'] [role=cell]").first.wait_for()
    assert (page.locator(".job-bar [role=status]").text_content() or "").startswith("Running: ")
    counted = [cells(console, row) for row in (1, 2)]
    assert [row[0] for row in counted] == ["200", "500"] and sum(int(row[1]) for row in counted) <= held.found
    held.gate.set()
    console.ended()
    page.locator(".grid-row[aria-rowindex='2'] [role=cell]").filter(has_text="1200").wait_for()
    assert [cells(console, row) for row in (1, 2)] == [["200", "1200"], ["500", "240"]]
    assert sum(page.evaluate("window.shifts")) < 0.05


def test_a_search_that_is_stopped_keeps_what_there_was(console: Console, held: Held) -> None:
    page = console.page
    run(console, "index=shop sourcetype=access_combined")
    found = held.waited()
    page.get_by_role("tab", name=f"Events ({found})").wait_for()
    with page.expect_response(lambda answer: answer.url.endswith("/control")):
        page.get_by_role("button", name="Stop").click()
    held.gate.set()
    ended = console.ended()
    assert ended.startswith(f"✓ {found} events") and ended.endswith("stopped early")
    assert page.locator(".event").count() == 20


def test_text_of_logs_is_text(fresh: Opened) -> None:
    """Markup in events, values, field names and macros: shown as it is, and nothing of it runs."""
    console = fresh()
    console.open("/")
    console.sign_in()
    page = console.page
    seen = []
    for text, tab in (
        ("index=shop sourcetype=hostile", "events"),
        (f'index=shop sourcetype=hostile | rename note AS "{MARKUP}" | table "{MARKUP}" html source', "statistics"),
        (f'index=shop sourcetype=hostile | chart count by note html | rename note AS "{MARKUP}"', "visualization"),
        (f'index=shop sourcetype=hostile | eval "{MARKUP}"=1 | stats count by note', "pipeline"),
        (f"index=shop `{MARKUP}`", "events"),
        (f'| makeresults | eval a="{MARKUP}" | lookup "{MARKUP}" a', "statistics"),
    ):
        console.search(text, tab=tab)
        page.wait_for_load_state("networkidle")
        page.wait_for_timeout(200)
        assert page.evaluate("window.broken ?? 0") == 0
        assert page.locator("main img, main script").count() == 0
        seen.append(MARKUP in page.locator("main").inner_text())
    assert all(seen), "it is shown, not swallowed"
    console.search("index=shop sourcetype=hostile")
    page.get_by_role("button", name="note 1 values").click()
    page.get_by_role("button", name=f"Exclude {MARKUP}").click()
    assert console.ended().startswith("✓ 0 events")
    assert query_of(console)["q"] == f'index=shop sourcetype=hostile NOT note="{MARKUP}"'


def test_a_report_is_saved(console: Console) -> None:
    page = console.page
    console.search("index=shop | stats count")
    page.get_by_role("button", name="Save as report").click()
    page.get_by_label("Name").fill("Shop events")
    console.accessible()
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("Saved as Shop events.").wait_for()
    console.search('| rest /services/saved/searches | search title="Shop events" | table title search')
    assert cells(console, 1) == ["Shop events", "index=shop | stats count"]

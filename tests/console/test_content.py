"""The repository that is being edited, on the Detections page: its tests run on request, and say what failed and why."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.console.conftest import Console, Opened, watched
from tests.testing.test_edited import ODD


def test_a_detection_is_tested_broken_and_tested_again(console: Console, content: Path) -> None:
    page = console.page
    text = (content / ODD).read_text()
    console.open("/en-US/console/detections")
    listed = page.get_by_role("region", name="Detections being edited")
    listed.get_by_text("not run").wait_for()
    page.get_by_role("button", name="Test Odd Login").click()
    tests = page.get_by_role("region", name="Tests of Odd Login")
    tests.get_by_text("expectations held").wait_for()
    page.get_by_text("1 of 1 proved").wait_for()
    assert listed.get_by_text("passed", exact=True).count() == 1
    assert page.url.endswith("?file=detections%2Fendpoint%2Fodd_login.yml")
    try:
        (content / ODD).write_text(text.replace("action=odd", "akshun=odd"))
        listed.get_by_text("saved since").wait_for()  # nobody asked: the page looks while it is seen
        page.get_by_role("button", name="Run its tests").click()
        failed = tests.get_by_role("alert").filter(has_text="hits:")
        failed.first.wait_for()
        assert f"{ODD}:" in failed.first.text_content()
        tests.get_by_text("akshun").first.wait_for()
        page.get_by_text("0 of 1 proved").wait_for()
        console.accessible()
    finally:
        (content / ODD).write_text(text)


def test_the_page_looks_for_what_was_saved_only_while_it_is_seen(console: Console, content: Path) -> None:
    page = console.page
    hidden = """(hidden) => {
      Object.defineProperty(document, "visibilityState", { value: hidden ? "hidden" : "visible", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"));
    }"""
    text = (content / ODD).read_text()
    console.open("/en-US/console/detections")
    listed = page.get_by_role("region", name="Detections being edited")
    listed.get_by_role("button", name="Odd Login", exact=True).wait_for()
    try:
        page.evaluate(hidden, True)
        with watched(page, "caltrop/content") as asked:
            (content / ODD).write_text(text.replace("name: Odd Login", "name: Odder Login"))
            page.wait_for_timeout(4_000)
        assert asked == []
        page.evaluate(hidden, False)
        listed.get_by_role("button", name="Odder Login", exact=True).wait_for()
        ended = [page.wait_for_event("requestfinished", lambda r: "caltrop/content" in r.url) for _ in range(3)]
        began = [request.timing["startTime"] for request in ended]
        assert all(later - earlier > 2_000 for earlier, later in itertools.pairwise(began)), began
    finally:
        (content / ODD).write_text(text)


def test_who_administers_nothing_sees_no_repository(fresh: Opened) -> None:
    console = fresh()
    console.open("/en-US/console/detections")
    console.sign_in("reader", "a reader's")
    console.page.get_by_role("heading", name="Detections", exact=True).wait_for()
    console.page.wait_for_load_state("networkidle")
    assert console.page.get_by_role("region", name="Being edited").count() == 0


def test_a_page_that_cannot_be_drawn_says_so_and_the_others_work(console: Console) -> None:
    page = console.page
    page.route("**/services/data/indexes*", lambda route: route.fulfill(json={"none": 1}))
    console.open("/en-US/console/server")
    page.get_by_role("heading", name="This page cannot be shown").wait_for()
    page.get_by_role("alert").filter(has_text="TypeError").wait_for()
    console.accessible()
    page.unroute("**/services/data/indexes*")
    page.get_by_role("button", name="Try again").click()
    page.get_by_role("heading", name="Indexes").wait_for()
    page.get_by_role("link", name="Risk", exact=True).click()
    page.get_by_role("heading", name="Risk", exact=True).wait_for()


def test_the_matrix_counts_what_is_installed_enabled_and_proved(console: Console, package: str, content: Path) -> None:
    page = console.page
    console.open("/en-US/console/detections")
    page.get_by_role("button", name="Test Odd Login").click()
    page.get_by_text("1 of 1 proved").wait_for()
    page.get_by_role("heading", name="ATT&CK matrix").click()
    matrix = page.get_by_role("region", name="ATT&CK matrix")
    execution = matrix.get_by_role("region", name="Execution")
    powershell = execution.get_by_role("listitem").filter(has_text="T1059.001 PowerShell")
    powershell.get_by_text("0 proved").wait_for()
    tactics = matrix.get_by_role("heading").all_text_contents()
    assert tactics.index(next(t for t in tactics if t.startswith("Execution"))) < tactics.index(
        next(t for t in tactics if t.startswith("Lateral Movement"))
    )
    accounts = matrix.get_by_role("listitem").filter(has_text="T1078 ")
    assert accounts.count() >= 3, "it stands under each of its tactics"
    assert all(", 1 proved" in text for text in accounts.all_text_contents()), accounts.all_text_contents()
    assert not matrix.get_by_text("no detection").count()
    console.accessible()
    page.get_by_label("Also what nothing detects").check()
    matrix.get_by_text("no detection").first.wait_for()
    powershell.get_by_role("link").click()
    assert page.get_by_label("Filter by name, type, technique or story").input_value() == "T1059.001"


@pytest.mark.parametrize("width", [390, 1920])
def test_the_whole_matrix_scrolls_within_the_page(fresh: Opened, width: int) -> None:
    console = fresh(viewport={"width": width, "height": 900}, color_scheme="dark")
    console.open("/en-US/console/detections")
    console.sign_in()
    page = console.page
    page.get_by_role("heading", name="ATT&CK matrix").click()
    page.get_by_label("Also what nothing detects").check()
    page.get_by_text("no detection").first.wait_for()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    console.accessible()

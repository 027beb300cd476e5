"""Signing in and out, and what a user without rights sees."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.console.conftest import Console, Opened


def test_a_person_signs_in_and_out(fresh: Opened) -> None:
    console = fresh()
    console.open("/en-US/console/server")
    console.accessible()
    page = console.page
    page.get_by_label("User name").fill("admin")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.get_by_role("alert").get_by_text("The user name or the password is wrong.").wait_for()
    console.sign_in()
    assert page.url.endswith("/en-US/console/server"), "the page that was asked for"
    page.get_by_role("heading", name="Server", exact=True).wait_for()
    assert page.evaluate("document.cookie") == "", "no script reads the session"
    page.reload()
    page.get_by_role("heading", name="Server", exact=True).wait_for()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign in").wait_for()
    page.reload()
    page.get_by_role("button", name="Sign in").wait_for()


def test_scripts_that_the_page_did_not_bring_do_not_run(fresh: Opened) -> None:
    console = fresh()
    console.open("/")
    ran = console.page.evaluate(
        """() => {
          const inline = document.createElement("script");
          inline.textContent = "window.broken = 1";
          document.body.append(inline);
          const image = document.createElement("div");
          image.innerHTML = "<img src=x onerror='window.broken = 2'>";
          document.body.append(image);
          return new Promise((done) => setTimeout(() => done(window.broken ?? 0), 300));
        }"""
    )
    assert ran == 0
    assert [p for p in console.problems if "Content Security Policy" in p], "the policy says so"
    console.problems.clear()


def test_the_page_gets_a_refusal_where_the_user_has_no_right(fresh: Opened) -> None:
    console = fresh()
    console.open("/")
    console.sign_in("reader", "a reader's")
    told = console.page.evaluate(
        """async () => {
          const session = await (await fetch("/en-US/account/session")).json();
          const answer = await fetch("/en-US/splunkd/__raw/services/data/indexes?output_mode=json", {
            method: "POST", body: new URLSearchParams({name: "mine"}), headers: {"X-Splunk-Form-Key": session.formKey},
          });
          return [answer.status, await answer.text()];
        }"""
    )
    assert told[0] == 403 and json.loads(told[1])["messages"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280, 1920])
def test_pages_fit_and_are_accessible(fresh: Opened, scheme: str, width: int, page_path: str) -> None:
    console: Console = fresh(viewport={"width": width, "height": 900}, color_scheme=scheme)
    console.open(page_path)
    console.sign_in()
    page: Any = console.page
    page.locator("main h1").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert re.sub(r"\D", "", page.evaluate("getComputedStyle(document.body).fontSize")) == "14"
    assert page.evaluate("document.documentElement.scrollWidth") <= width, "nothing is cut off at the side"
    console.accessible()


PATHS = (
    "/en-US/console/server",
    "/en-US/console/data",
    "/en-US/console/detections",
    "/en-US/console/tune",
    "/en-US/console/risk",
    "/en-US/console/dashboards",
    "/en-US/app/search/search",
    "/en-US/app/search/search?q=index%3Dshop&earliest=0&latest=",
    "/en-US/app/search/search?q=index%3Dshop%20%7C%20timechart%20count%20by%20status&earliest=0&latest=&tab=visualization",
    "/en-US/app/search/search?q=index%3Dshop%20%7C%20stats%20count%20by%20status&earliest=0&latest=&tab=pipeline",
)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page_path" in metafunc.fixturenames:
        metafunc.parametrize("page_path", PATHS)

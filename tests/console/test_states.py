"""Every page in every state that pictures are taken of: nothing for axe to find, nothing wider than the window, all within reach of keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from caltrop.splunkd.server import Server
from tests.console.conftest import Console
from tools.console_states import STATES, State, server, show, sign_in

NAMES = [state.name for state in STATES]
BY_NAME = {state.name: state for state in STATES}

# Whatever takes focus, as it is there now; each is numbered, so that a walk can say which it met.
REACHABLE = """
() => {
  const all = [...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex], [contenteditable=true]')];
  const seen = all.filter((el) => el.tabIndex >= 0 && !el.disabled && el.type !== "hidden" && !el.closest("[inert]") && el.checkVisibility({ visibilityProperty: true }))
    // of radio buttons of one name, keys reach the group; a tab list has one stop
    .filter((el) => el.type !== "radio" || !el.name || el === (document.querySelector(`input[name="${CSS.escape(el.name)}"]:checked`) ?? document.querySelector(`input[name="${CSS.escape(el.name)}"]`)));
  seen.forEach((el, n) => (el.dataset.walk = String(n)));
  return seen.map((el) => `${el.tagName.toLowerCase()} ${(el.getAttribute("aria-label") ?? el.innerText ?? "").trim().slice(0, 60)}`);
}
"""
FOCUSED = """
() => {
  const el = document.activeElement;
  if (!el || el === document.body) return null;
  const visible = (one) => {
    const style = getComputedStyle(one);
    return (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1) || style.boxShadow !== "none";
  };
  // An editor shows its focus on the frame around it.
  const shown = visible(el) || (el.isContentEditable && [el.closest(".search-bar"), el.closest(".framed"), el.closest(".spl-editor")].some((one) => one && visible(one)));
  return { walk: el.dataset.walk ?? "", shown, editor: el.isContentEditable, what: `${el.tagName.toLowerCase()} ${(el.getAttribute("aria-label") ?? el.innerText ?? "").trim().slice(0, 60)}` };
}
"""


@pytest.fixture(scope="module")
def bench() -> Iterator[Server]:
    with server() as running:
        yield running


WIDTHS = (1280, 1920, 390)
# Two frames on: what looks at its size has seen it and drawn itself anew.
DRAWN = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"


@pytest.fixture(scope="module")
def walked(chromium: Any, bench: Server) -> Iterator[Console]:
    """One page for all the states."""
    context = chromium.new_context(viewport={"width": WIDTHS[0], "height": 900}, color_scheme="light")
    context.set_default_timeout(60_000)
    made = Console(context.new_page(), f"http://127.0.0.1:{bench.web_port}", [])
    made.page.on("pageerror", lambda error: made.problems.append(str(error.stack or error)))
    yield made
    context.close()


def arrive(console: Console, state: State) -> None:
    signed_in = bool(console.page.context.cookies())
    if state.signed_in and not signed_in:
        sign_in(console.page, console.root)
    if not state.signed_in and signed_in:
        console.page.context.clear_cookies()
    show(console.page, console.root, state)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wrong_with_how_it_is_made(walked: Console, name: str) -> None:
    page = walked.page
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    arrive(walked, BY_NAME[name])
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.evaluate(DRAWN)
            page.wait_for_function("(width) => document.documentElement.scrollWidth <= width", arg=width)
            walked.accessible()
    assert walked.problems == []


MOST_STEPS = 1_500


@pytest.mark.parametrize("name", NAMES)
def test_keys_reach_everything_and_are_caught_nowhere(walked: Console, name: str) -> None:
    page = walked.page
    page.set_viewport_size({"width": WIDTHS[0], "height": 900})
    arrive(walked, BY_NAME[name])
    page.evaluate("() => { document.activeElement?.blur(); window.getSelection()?.removeAllRanges(); }")
    wanted = page.evaluate(REACHABLE)
    met: set[str] = set()
    unseen: list[str] = []
    ends = 0  # from where the last click was to the end of the page, and then once through all of it
    for _ in range(min(2 * len(wanted) + 20, MOST_STEPS)):
        page.keyboard.press("Tab")
        now = page.evaluate(FOCUSED)
        if now is None:
            ends += 1
            if ends == 2:
                break
            continue
        if not now["shown"]:
            unseen.append(now["what"])
        met.add(now["walk"])
        if len(met - {""}) >= len(wanted):
            break
    missed = [what for n, what in enumerate(wanted) if str(n) not in met]
    assert missed == []
    assert unseen == [], "the focus is not seen"


@pytest.mark.parametrize(
    ("name", "opener"),
    [
        ("search", "Share"),
        ("search", "Export"),
        ("search", "Time range"),
        ("search", "status"),
        ("risk", "Time range"),
        ("hits", "Range"),
    ],
)
def test_what_opens_closes_with_escape_and_gives_the_focus_back(walked: Console, name: str, opener: str) -> None:
    arrive(walked, BY_NAME[name])
    page = walked.page
    button = (
        page.locator("button[aria-expanded]", has_text=opener)
        .or_(page.locator(f"button[aria-expanded][aria-label^='{opener}']"))
        .first
    )
    button.focus()
    page.keyboard.press("Enter")
    opened = page.locator(".popped")
    opened.wait_for()
    page.keyboard.press("Tab")
    assert opened.evaluate("el => el.contains(document.activeElement)"), "what opened comes next"
    page.keyboard.press("Escape")
    opened.wait_for(state="detached")
    assert button.evaluate("el => el === document.activeElement")


def test_a_dialog_keeps_the_focus_until_escape(walked: Console) -> None:
    arrive(walked, BY_NAME["search"])
    page = walked.page
    button = page.get_by_role("button", name="Save as report")
    button.focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog", name="Save as report")
    dialog.wait_for()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement === document.body || !!document.activeElement.closest('dialog')")
    page.keyboard.press("Escape")
    dialog.wait_for(state="detached")
    assert button.evaluate("el => el === document.activeElement")

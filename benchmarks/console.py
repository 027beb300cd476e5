"""How long a person waits for the console: the page, a search's first row, frames while rows scroll.

    python benchmarks/console.py [--rounds N] [--sizes 20000,200000,1000000]

A server with events and headless Chromium on the same machine, whose clocks are one. Best of the rounds:

* the page: from navigation until a key pressed in the search editor is seen, with nothing in the browser's cache and with everything
  in it, beside the limit of 1 s;
* rows: from the moment at which the job has a first row to show until a row is in the page, beside 100 ms, for searches of several lengths,
  the first of their kind (fields are extracted) and repeated; beside it when the search had ended;
* frames: how long each takes while 100,000 rows scroll;
* what a first visit loads, compressed, beside 350 kB.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from caltrop.engine import questions
from caltrop.engine.previews import Preview
from caltrop.engine.table import Table
from caltrop.splunkd.console import files
from caltrop.splunkd.searching import jobs
from caltrop.splunkd.searching.jobs import Job
from caltrop.splunkd.searching.shelf import Shelf
from caltrop.splunkd.server import Server
from caltrop.splunkd.wire.http import Response

CHROMIUM = "/usr/bin/chromium"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
PASSWORD = "correct horse"
START = 1_700_000_000.0
PAGE_LIMIT, ROW_LIMIT, LOAD_LIMIT = 1.0, 0.1, 350_000  # seconds, seconds, bytes
SECONDS = 120.0  # that anything may take
SEARCHES = {
    "events": "search index={index}",
    "events, a rare word": "search index={index} user=u7 dest=d13",
    "eval, table": "search index={index} | eval kind=upper(action) | table _time user kind bytes",
    "stats": "search index={index} | stats count sum(bytes) by user",
}
# When a key pressed in the editor is first there, in milliseconds of the page's own clock, which begins with the navigation.
WATCH_KEY = """
new MutationObserver(() => {
  if (!window.pressed && document.querySelector(".cm-content")?.textContent.includes("x")) window.pressed = performance.now();
}).observe(document, {subtree: true, childList: true, characterData: true});
"""
# When a row of results is first there, epoch milliseconds.
WATCH_ROW = """
new MutationObserver(() => {
  if (!window.rowAt && document.querySelector(".event-list .event, .grid-body .grid-row [role=cell]"))
    window.rowAt = performance.timeOrigin + performance.now();
}).observe(document, {subtree: true, childList: true});
"""
SCROLL = """async () => {
  const grid = document.querySelector(".grid"), frames = [];
  let before = performance.now();
  for (let top = 0; top < 2800000; top += 14000) {
    grid.scrollTop = top;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    frames.push(now - before);
    before = now;
  }
  return frames;
}"""


def events(count: int, index: str) -> Iterator[pl.DataFrame]:
    """Events of the kind that most logs have, in time order."""
    step = 50_000
    for first in range(0, count, step):
        numbers = range(first, min(first + step, count))
        raw = [
            f"{n} user=u{n * 7 % 500} dest=d{n * 13 % 200} action={('allowed', 'blocked', 'failed')[n % 3]} bytes={n * 31 % 90_000} "
            f'process="C:\\\\Windows\\\\System32\\\\p{n % 40}.exe" command="p{n % 40}.exe /c {n % 997}" session={n:08x}'
            for n in numbers
        ]
        yield pl.DataFrame(
            {"_time": [START + n / 10 for n in numbers], "_raw": raw}, schema_overrides={"_time": pl.Float64}
        ).with_columns(
            pl.lit("web-01").alias("host"), pl.lit("/var/log/proxy.log").alias("source"), pl.lit("proxy").alias("sourcetype"),
            pl.lit(index).alias("index"), pl.lit(START).alias("_indextime"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds from the beginning of a search: its first row in the job, in the page, its end."""

    had: float
    shown: float
    ended: float

    @property
    def wait(self) -> float:
        return self.shown - self.had


class Bench:
    def __init__(self, server: Server, browser: Any, rounds: int) -> None:
        self._server, self._browser, self._rounds = server, browser, rounds
        self._root = f"http://127.0.0.1:{server.web_port}"
        page = browser.new_context().new_page()
        page.goto(self._root)
        page.get_by_label("User name").fill("admin")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Sign out").wait_for()
        self._signed_in = page.context.storage_state()
        page.context.close()

    def _page(self, script: str) -> Any:
        """A page of a signed-in user in a browser that has cached nothing."""
        context = self._browser.new_context(storage_state=self._signed_in, viewport={"width": 1280, "height": 900})
        context.set_default_timeout(SECONDS * 1000)
        context.add_init_script(script)
        return context.new_page()

    def interactive(self) -> tuple[float, float]:
        """Seconds, cold and warm."""
        found: tuple[list[float], list[float]] = ([], [])
        for _ in range(self._rounds):
            page = self._page(WATCH_KEY)
            for seconds in found:
                page.goto(f"{self._root}/en-US/app/search/search", wait_until="commit")
                page.locator(".cm-content").focus()
                page.keyboard.press("x")
                seconds.append(_told(page, "pressed") / 1000)
            page.context.close()
        return min(found[0]), min(found[1])

    def rows(self, search: str) -> Waited:
        jobs = self._server.daemon.searching.jobs
        known = set(jobs.all())
        page = self._page(WATCH_ROW)
        page.goto(f"{self._root}/en-US/app/search/search")
        page.locator(".cm-content").focus()
        page.keyboard.insert_text(search)
        page.keyboard.press("Control+Enter")
        shown = _told(page, "rowAt") / 1000
        (job,) = (job for job in jobs.all() if job not in known and job.text == search)
        if not job.done.wait(SECONDS):
            raise SystemExit(f"{search} takes too long")
        page.context.close()
        return Waited(had_rows(job) - job.began, shown - job.began, job.finished - job.began)

    def best(self, search: str) -> Waited:
        return min((self.rows(search) for _ in range(self._rounds)), key=lambda waited: waited.wait)

    def frames(self) -> list[float]:
        """Milliseconds of each, in the best round."""
        page = self._page("")
        rows = {"q": "| makeresults count=100000 | streamstats count AS n | table n", "earliest": "0", "latest": ""}
        page.goto(f"{self._root}/en-US/app/search/search?{urlencode(rows)}")
        page.locator(".grid-row[aria-rowindex='2'] [role=cell]").first.wait_for()
        found: list[list[float]] = [page.evaluate(SCROLL) for _ in range(self._rounds)]
        page.context.close()
        return min(found, key=max)


def _told(page: Any, name: str) -> float:
    """What a script of ours has noted in the page, once it has."""
    until = time.monotonic() + SECONDS
    while (found := page.evaluate(f"window.{name} ?? null")) is None:
        if time.monotonic() > until:
            raise SystemExit(f"the page shows nothing after {SECONDS:.0f} s: {page.url}")
        time.sleep(0.02)
    return float(found)


_first_seen: dict[str, float] = {}  # by sid: when a preview of the job first had rows to show, epoch seconds


_shelved: list[float] = []  # when a search had its results, before they are written down: one runs at a time


def _note_previews() -> None:
    show = Job.show

    def noted(job: Job, seen: Preview) -> None:
        reporting = questions.reporting_from(job.search.pipeline) is not None
        if any(rows is not None and len(rows) for rows in ([seen.table] if reporting else [seen.table, seen.events])):
            _first_seen.setdefault(job.sid, time.time())
        show(job, seen)

    class Noted(Shelf):
        def __init__(self, table: Table, events: Table) -> None:
            super().__init__(table, events)
            _shelved.append(time.time())

    setattr(Job, "show", noted)  # noqa: B010 (a method of the class is replaced on purpose)
    setattr(jobs, "Shelf", Noted)  # noqa: B010


def had_rows(job: Job) -> float:
    """When there were rows to ask for, epoch seconds."""
    ended = next((at for at in _shelved if at >= job.began), job.finished)
    return min(_first_seen.get(job.sid, ended), ended)


def _length(answer: Response) -> int:
    assert isinstance(answer.body, bytes)
    return len(answer.body)


def first_load() -> int:
    """Compressed bytes of the page and of what it asks for at once."""
    page = (files.FOLDER / "index.html").read_text()
    named = [path.name for path in files.FOLDER.iterdir() if path.name in page]
    accept = {"accept-encoding": "gzip"}
    return len(page.encode()) + sum(_length(files.built(name, accept)) for name in named)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--sizes", default="20000,200000,1000000")
    chosen = parser.parse_args(arguments)
    from playwright.sync_api import sync_playwright

    _note_previews()
    print(f"load {os.getloadavg()[0]:.1f}; best of {chosen.rounds}")
    with tempfile.TemporaryDirectory() as folder, Server(folder, web_port=0, password=PASSWORD) as server:
        store = server.daemon.state.store
        sizes = [int(text) for text in chosen.sizes.split(",")]
        for size in sizes:
            store.create_index(f"n{size}")
            for frame in events(size, f"n{size}"):
                store.append(frame)
        with sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
            bench = Bench(server, browser, chosen.rounds)
            for name, seconds in zip(("cold", "warm"), bench.interactive(), strict=True):
                print(f"interactive, {name}: {seconds:.2f} s, {seconds / PAGE_LIMIT:.2f} of the limit")
            print("search                     events | had rows, s | in the page after, s | of the limit | ended, s")
            for size in sizes:
                for name, search in SEARCHES.items():
                    text = search.format(index=f"n{size}")
                    for kind, waited in (("first", bench.rows(text)), ("again", bench.best(text))):
                        print(
                            f"{name + ', ' + kind:28} {size:9,} | {waited.had:.3f} | {waited.wait:.3f} | "
                            f"{waited.wait / ROW_LIMIT:.2f} | {waited.ended:.3f}",
                            flush=True,
                        )
            frames = bench.frames()
            tenth = statistics.quantiles(frames, n=20)[-1]
            print(
                f"frames of a scroll over 100,000 rows: median {statistics.median(frames):.1f} ms, 95 % {tenth:.1f}, worst {max(frames):.1f}"
            )
            browser.close()
    print(f"first load: {first_load() / 1000:.0f} kB, {first_load() / LOAD_LIMIT:.2f} of the limit")
    return 0


if __name__ == "__main__":
    began = time.monotonic()
    status = main()
    print(f"{time.monotonic() - began:.0f} s in all", file=sys.stderr)
    sys.exit(status)

"""An hour's worth of mixed work in ten minutes: does memory stay flat, do answers stay fast, is anything lost?

    python benchmarks/soak.py [--minutes 10] [--json FILE]

Senders, searchers, a scheduler's worth of saved searches, edits of knowledge objects, and searches that are cancelled, at once, over
one server. Exit code 1 where an acknowledged event is missing or there twice, or where memory grows: the mean of the last fifth is
compared with that of the second fifth.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tools.torture import AUTHORIZATION, TOKEN, Running

SENDERS, SEARCHERS = 3, 3
PAUSE = 0.15  # seconds between two batches of a sender
BATCH = 50
SEARCHES = [
    "search index=main earliest=-2m | stats count by user",
    "search index=main earliest=-1m action=login | timechart span=10s count by action",
    "| tstats count where index=main by sourcetype",
    'search index=main earliest=-1m | rex "n=(?<n>\\d+)" | stats max(n) avg(n) by user | sort - max(n) | head 5',
    "search index=main earliest=-30s | transaction user maxspan=10s | stats count avg(eventcount)",
    "| metadata type=hosts index=main",
    "| makeresults count=50000 | eval a=md5(tostring(random())) | stats dc(a)",
    "search index=_internal earliest=-1m | stats count by sourcetype",
]
GROWTH = 1.25  # the last fifth may have this much of the second, and
SLACK = 64  # MB


class Soak:
    def __init__(self, server: Running, seconds: float) -> None:
        self.server, self.until = server, time.monotonic() + seconds
        self.took: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.acknowledged = 0
        self.memory: list[tuple[float, float]] = []  # seconds, MB
        self._lock = threading.Lock()

    def running(self) -> bool:
        return time.monotonic() < self.until

    def timed(self, what: str, act: Callable[[], int]) -> None:
        began = time.monotonic()
        try:
            status = act()
        except (OSError, http.client.HTTPException) as error:
            status = 0
            self.failures.append(f"{what}: {type(error).__name__}: {error}")
        with self._lock:
            self.took[what].append(time.monotonic() - began)
            if status >= 400:
                self.failures.append(f"{what}: {status}")

    # -- what is done --------------------------------------------------------------------------------------------------

    def send(self, number: int) -> None:
        connection = self.server.connect("hec")
        count, dice = 0, random.Random(number)
        while self.running():
            lines = []
            for _ in range(BATCH):
                count += 1
                text = f"id={number}-{count} n={count} user=u{dice.randrange(200)} action={dice.choice(['login', 'read'])} {'x' * 60}"
                lines.append(json.dumps({"event": text, "sourcetype": "soak", "host": f"h{number}"}))

            def act(body: str = "".join(lines)) -> int:
                connection.request("POST", "/services/collector/event", body, {"Authorization": f"Splunk {TOKEN}"})
                answer = connection.getresponse()
                answer.read()
                if answer.status == 200:
                    with self._lock:
                        self.acknowledged += BATCH
                return answer.status

            self.timed("send 50 events", act)
            time.sleep(PAUSE)

    def ask(
        self, connection: http.client.HTTPSConnection, method: str, path: str, **arguments: str
    ) -> tuple[int, bytes]:
        form = urlencode({"output_mode": "json", **arguments})
        if method == "POST":
            connection.request("POST", f"/services/{path}", form, AUTHORIZATION)
        else:
            connection.request(method, f"/services/{path}?{form}", headers=AUTHORIZATION)
        answer = connection.getresponse()
        return answer.status, answer.read()

    def search(self, number: int) -> None:
        connection, dice = self.server.connect(), random.Random(number)
        while self.running():
            text = dice.choice(SEARCHES)
            self.timed(
                "search: " + text[:48],
                lambda text=text: self.ask(
                    connection, "POST", "search/jobs", search=text, exec_mode="oneshot", count="100"
                )[0],  # type: ignore[misc]
            )
            time.sleep(0.1)

    def jobs(self) -> None:
        """Searches that are begun, looked at, and cancelled or left to expire."""
        connection, dice = self.server.connect(), random.Random(99)
        while self.running():

            def act() -> int:
                status, body = self.ask(connection, "POST", "search/jobs", search=dice.choice(SEARCHES), timeout="20")
                sid = json.loads(body)["sid"]
                self.ask(connection, "GET", f"search/jobs/{sid}")
                if dice.random() < 0.5:
                    status, _ = self.ask(connection, "POST", f"search/jobs/{sid}/control", action="cancel")
                return status

            self.timed("begin, look, cancel", act)
            time.sleep(0.3)

    def edit(self) -> None:
        connection = self.server.connect()
        while self.running():

            def act() -> int:
                path = "admin/macros"
                self.ask(connection, "POST", path, name="soak", definition=f"index=main n>{time.time():.0f}")
                return self.ask(connection, "DELETE", f"{path}/soak")[0]

            self.timed("make and remove a macro", act)
            time.sleep(1.0)

    def watch(self) -> None:
        began = time.monotonic()
        while self.running():
            pages = int(Path(f"/proc/{self.server.process.pid}/statm").read_text().split()[1])
            self.memory.append((time.monotonic() - began, pages * 4096 / 2**20))
            time.sleep(1.0)

    def run(self) -> None:
        work = [threading.Thread(target=self.send, args=(n,), daemon=True) for n in range(SENDERS)]
        work += [threading.Thread(target=self.search, args=(n,), daemon=True) for n in range(SEARCHERS)]
        work += [threading.Thread(target=part, daemon=True) for part in (self.jobs, self.edit, self.watch)]
        for thread in work:
            thread.start()
        for thread in work:
            thread.join()

    # -- what came of it -----------------------------------------------------------------------------------------------

    def stored(self) -> tuple[int, int]:
        """Events, and different ones."""
        connection = self.server.connect()
        search = 'search index=main sourcetype=soak | rex "id=(?<id>\\S+)" | stats count dc(id) as different'
        _, body = self.ask(connection, "POST", "search/jobs", search=search, exec_mode="oneshot")
        (row,) = json.loads(body)["results"]
        return int(row["count"]), int(row["different"])


def mean(memory: list[tuple[float, float]], fifth: int) -> float:
    """MB in that fifth of the time (1 to 5)."""
    end = memory[-1][0]
    found = [mb for at, mb in memory if end * (fifth - 1) / 5 <= at <= end * fifth / 5]
    return sum(found) / len(found)


def percentile(values: list[float], rank: float) -> float:
    return sorted(values)[min(int(len(values) * rank), len(values) - 1)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caltrop-soak-") as folder:
        server = Running(Path(folder))
        try:
            soak = Soak(server, given.minutes * 60)
            soak.run()
            count, different = soak.stored()
        finally:
            server.kill()
    fifths = [mean(soak.memory, n) for n in range(1, 6)]
    flat = fifths[4] <= fifths[1] * GROWTH + SLACK
    whole = count == different == soak.acknowledged
    print(f"{'operation':<52} {'count':>7} {'p50 ms':>8} {'p95 ms':>8} {'p99 ms':>8}")
    for what, values in sorted(soak.took.items()):
        ranks = " ".join(f"{percentile(values, rank) * 1000:8.0f}" for rank in (0.5, 0.95, 0.99))
        print(f"{what:<52} {len(values):>7} {ranks}")
    print("memory, MB, by fifth of the time: " + ", ".join(f"{mb:.0f}" for mb in fifths) + ("" if flat else "  GROWS"))
    print(
        f"events: {soak.acknowledged} acknowledged, {count} stored, {different} different"
        + ("" if whole else "  DIFFERS")
    )
    print(f"failures: {len(soak.failures)} {soak.failures[:3] if soak.failures else ''}")
    if given.json:
        facts = {"fifths": fifths, "acknowledged": soak.acknowledged, "stored": count, "failures": len(soak.failures)}
        given.json.write_text(json.dumps(facts))
    return 0 if flat and whole and not soak.failures else 1


if __name__ == "__main__":
    sys.exit(main())

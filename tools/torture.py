"""A server that is killed again and again while it takes events: nothing that it acknowledged is lost, and nothing is there twice.

    python -m tools.torture [--rounds 200] [--minutes 30] [--seed N]

Every round starts the server over the same data directory, looks for what the rounds before have sent, sends by every way that events
come in (collector events, with and without indexer acknowledgement, collector raw, receivers, a file, a search that collects), and
kills it with SIGKILL at a random moment. Segments are small, so that kills meet sealing and merging too.
"""

from __future__ import annotations

import argparse
import base64
import http.client
import json
import random
import signal
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

PASSWORD = "torture-password"
TOKEN, ACK_TOKEN = "70000000-0000-0000-0000-000000000001", "70000000-0000-0000-0000-000000000002"
CHANNEL = "70000000-0000-0000-0000-00000000000c"
START = (
    "import sys; from caltrop.index import bucket; bucket.SEAL_ROWS, bucket.FAN_IN = 120, 3;"
    "from caltrop.cli import main; sys.exit(main(sys.argv[1:]))"
)
AUTHORIZATION = {"Authorization": f"Basic {base64.b64encode(f'admin:{PASSWORD}'.encode()).decode()}"}


@dataclass(slots=True)
class Sent:
    """Identities of events: all that were sent, and those that the server said it has."""

    all: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, names: Sequence[str]) -> None:
        with self.lock:
            self.all.update(names)

    def done(self, names: Sequence[str]) -> None:
        with self.lock:
            self.acknowledged.update(names)


@dataclass(slots=True)
class Report:
    rounds: int = 0
    sent: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    twice: list[str] = field(default_factory=list)
    by_way: Counter[str] = field(default_factory=Counter)

    @property
    def good(self) -> bool:
        return not self.lost and not self.twice


class Running:
    """The server, and ways to speak to it."""

    def __init__(self, data: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", START, "serve", "--port", "0", "--hec-port", "0", "--web-port", "-1", "--no-addons",
             "--password", PASSWORD, "--data-dir", str(data), "--hec-token", TOKEN],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.ports: dict[str, int] = {}
        assert self.process.stdout is not None
        for line in self.process.stdout:
            name, _, value = line.strip().partition(" ")
            if name == "ready":
                return
            if ":" in value:
                self.ports[name] = int(value.rsplit(":", 1)[1])
        raise RuntimeError(f"the server did not start: exit code {self.process.wait()}")

    def connect(self, name: str = "management") -> http.client.HTTPSConnection:
        context = ssl._create_unverified_context()
        return http.client.HTTPSConnection("127.0.0.1", self.ports[name], context=context, timeout=120)

    def post(self, path: str, **arguments: str) -> tuple[int, bytes]:
        connection = self.connect()
        connection.request("POST", f"/services/{path}", urlencode({"output_mode": "json", **arguments}), AUTHORIZATION)
        answer = connection.getresponse()
        found = answer.status, answer.read()
        connection.close()
        return found

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


Way = Callable[[Running, Sent, Callable[[], str], random.Random, Path], None]


def _collector(path: str, token: str, acks: bool) -> Way:
    def send(server: Running, sent: Sent, name: Callable[[], str], dice: random.Random, folder: Path) -> None:
        connection = server.connect("hec")
        headers = {"Authorization": f"Splunk {token}", "X-Splunk-Request-Channel": CHANNEL}
        waiting: dict[int, list[str]] = {}
        while True:
            names = [name() for _ in range(dice.randint(1, 60))]
            raw = path.endswith("raw")
            body = "\n".join(
                f"id={n}" if raw else json.dumps({"event": f"id={n}", "sourcetype": "torture"}) for n in names
            )
            sent.begin(names)
            connection.request("POST", f"/services/{path}" + ("?sourcetype=torture" if raw else ""), body, headers)
            answer = connection.getresponse()
            document = json.loads(answer.read())
            if answer.status != 200:
                raise RuntimeError(f"{path}: {answer.status} {document}")
            if not acks:
                sent.done(names)
                continue
            waiting[document["ackId"]] = names
            connection.request("POST", "/services/collector/ack", json.dumps({"acks": list(waiting)}), headers)
            for number, there in json.loads(connection.getresponse().read())["acks"].items():
                if there:
                    sent.done(waiting.pop(int(number)))

    return send


def _receiver(server: Running, sent: Sent, name: Callable[[], str], dice: random.Random, folder: Path) -> None:
    connection = server.connect()
    while True:
        names = [name() for _ in range(dice.randint(1, 40))]
        sent.begin(names)
        body = "\n".join(f"id={n}" for n in names)
        connection.request("POST", "/services/receivers/simple?sourcetype=torture", body, AUTHORIZATION)
        answer = connection.getresponse()
        answer.read()
        if answer.status == 200:
            sent.done(names)


def _file(server: Running, sent: Sent, name: Callable[[], str], dice: random.Random, folder: Path) -> None:
    while True:
        names = [name() for _ in range(dice.randint(1, 500))]
        sent.begin(names)
        path = folder / f"{names[0]}.log"
        path.write_text("".join(f"id={n}\n" for n in names))
        status, _ = server.post("data/inputs/oneshot", name=str(path), sourcetype="torture")
        if status == 201:
            sent.done(names)
        path.unlink()


def _collect(server: Running, sent: Sent, name: Callable[[], str], dice: random.Random, folder: Path) -> None:
    while True:
        names = [name() for _ in range(dice.randint(1, 40))]
        sent.begin(names)
        search = f'| makeresults | eval id=split("{",".join(names)}", ",") | mvexpand id | table id | collect index=main sourcetype=torture'
        status, body = server.post("search/jobs", search=search, exec_mode="oneshot")
        if status == 200 and not json.loads(body)["messages"]:
            sent.done(names)


WAYS: dict[str, Way] = {
    "event": _collector("collector/event", TOKEN, acks=False),
    "ack": _collector("collector/event", ACK_TOKEN, acks=True),
    "raw": _collector("collector/raw", TOKEN, acks=False),
    "receiver": _receiver,
    "file": _file,
    "collect": _collect,
}


def run(rounds: int, minutes: float, seed: int, data: Path, say: Callable[[str], object] = print) -> Report:
    """The rounds, as many as fit into the time; the last state of the directory is looked at too."""
    dice, report, before = random.Random(seed), Report(), Sent()
    until = time.monotonic() + minutes * 60
    inbox = data / "inbox"
    for number in range(rounds):
        if time.monotonic() > until:
            break
        server = Running(data)
        try:
            if not number:
                inbox.mkdir()
                status, body = server.post("data/inputs/http", name="acks", token=ACK_TOKEN, useACK="1")
                if status != 201:
                    raise RuntimeError(f"no token: {body!r}")
            _compare(server, before, report)
            before = _round(server, number, dice, inbox)
        finally:
            server.kill()
        report.rounds += 1
        report.sent += len(before.all)
        report.acknowledged += len(before.acknowledged)
        report.by_way.update(name.split("-")[1] for name in before.acknowledged)
        if not report.good:
            break
        if number % 10 == 9:
            say(
                f"{number + 1} rounds: {report.acknowledged} of {report.sent} events acknowledged, none lost, none twice"
            )
    server = Running(data)
    try:
        _compare(server, before, report)
        _compare(server, None, report)
    finally:
        server.kill()
    return report


def _round(server: Running, number: int, dice: random.Random, inbox: Path) -> Sent:
    sent = Sent()

    def send(way: str) -> None:
        count, own = 0, random.Random(f"{number} {way}")

        def name() -> str:
            nonlocal count
            count += 1
            return f"{number}-{way}-{count}"

        try:
            WAYS[way](server, sent, name, own, inbox)
        except (OSError, http.client.HTTPException, ValueError):
            return  # it was killed

    threads = [threading.Thread(target=send, args=(way,), daemon=True) for way in WAYS]
    for thread in threads:
        thread.start()
    time.sleep(dice.uniform(0.05, 1.5))
    server.kill()
    for thread in threads:
        thread.join(40)
    return sent


def _compare(server: Running, sent: Sent | None, report: Report) -> None:
    """What a round has sent against what is there; None: whether anything of all rounds is there twice."""
    if sent is not None and not sent.all:
        return
    of_round = "" if sent is None else f' | where match(_raw, "id=\\"?{next(iter(sent.all)).split("-")[0]}-")'
    search = (
        f"search index=main sourcetype=torture{of_round}"
        ' | rex max_match=0 "id=\\"?(?<name>[\\w-]+)" | mvexpand name | stats count by name'
    )
    _, body = server.post("search/jobs", search=search, exec_mode="oneshot", count="0")
    found = {row["name"]: int(row["count"]) for row in json.loads(body)["results"]}
    report.twice += [name for name, count in found.items() if count > 1]
    if sent is not None:
        report.lost += sorted(sent.acknowledged - set(found))
        strange = set(found) - sent.all
        if strange:
            report.twice += sorted(strange)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caltrop-torture-") as folder:
        report = run(given.rounds, given.minutes, given.seed, Path(folder), lambda text: print(text, flush=True))
    print(f"seed {given.seed}: {report.rounds} rounds, {report.acknowledged} of {report.sent} events acknowledged")
    print("by way: " + ", ".join(f"{way} {count}" for way, count in sorted(report.by_way.items())))
    for what, names in (("lost", report.lost), ("twice or never sent", report.twice)):
        if names:
            print(f"{what}: {len(names)}: {', '.join(names[:20])}")
    return 0 if report.good and report.rounds else 1


if __name__ == "__main__":
    sys.exit(main())

"""How long what is told to stop still takes, best and worst of the rounds, in seconds: searches that are cancelled, and a server that gets
SIGTERM while a script hangs and large searches run.

    python benchmarks/ending.py [--rounds N] [--load N]

`--load` keeps so many processes busy beside it. Tests hold that all of this ends at all (tests/engine/core/test_budget.py,
tests/splunkd/test_life.py); the seconds, which depend on the machine, are for here.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import polars as pl
import splunklib.client as client

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from caltrop.engine.budget import Stop
from caltrop.engine.errors import Cancelled
from caltrop.engine.instance import Instance

HERE = Path(__file__).resolve().parent.parent
PATIENCE = 60.0
NOW = 1_700_000_000.0
SEARCHES = {
    "map": '| makeresults count=9999 | streamstats count as i | map maxsearches=9999 search="| makeresults count=9 | eval a=$i$, b=a*2 | stats sum(b) by a | sort a"',
    "cluster": "index=main | streamstats count as i | cluster field=i t=0.99",
    "eval": "| makeresults count=200000 | eval " + ", ".join(f"a{i}=sha512(tostring(random()))" for i in range(60)),
    "sort, dedup": "| makeresults count=4000000 | eval a=md5(tostring(random())) | sort 0 a | dedup a",
}
LARGE = "| makeresults count=9000000 | eval a=md5(tostring(random())), b=sha512(a) | sort 0 b | dedup b"
HANGING = "import time\nopen(__file__ + '.begun', 'w').close()\ntime.sleep(600)\n"


def cancelled(instance: Instance, search: str, after: float) -> float:
    """Seconds from when a search is told to stop until its thread has ended."""
    stop, ended = Stop(), list[BaseException]()

    def run() -> None:
        try:
            instance.search(search, stop=stop)
        except Cancelled as cancelled:
            ended.append(cancelled)

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(after)
    began = time.perf_counter()
    stop.end()
    thread.join(PATIENCE)
    took = time.perf_counter() - began
    if not ended:
        raise SystemExit(f"it was not cancelled: {search}")
    return took


def terminated(searches: int, after: float) -> float:
    """Seconds from SIGTERM until a busy server has ended."""
    with tempfile.TemporaryDirectory() as scratch:
        app, data = Path(scratch, "hangs"), Path(scratch, "data")
        for path, text in (
            ("default/app.conf", "[launcher]\nversion = 1\n"),
            ("default/commands.conf", "[hangs]\nchunked = true\nfilename = hangs.py\n"),
            ("bin/hangs.py", HANGING),
        ):
            (app / path).parent.mkdir(parents=True, exist_ok=True)
            (app / path).write_text(text)
        process = subprocess.Popen(
            [sys.executable, "-m", "caltrop", "serve", "--port", "0", "--hec-port", "0", "--web-port", "-1", "--password", "pw",
             "--no-addons", "--app", str(app), "--data-dir", str(data)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=HERE,
        )  # fmt: skip
        try:
            assert process.stdout is not None
            port = next(int(line.rsplit(":", 1)[1]) for line in process.stdout if line.startswith("management"))
            service = client.connect(host="127.0.0.1", port=port, username="admin", password="pw")
            service.jobs.create("| makeresults | hangs", namespace="hangs")
            for _ in range(searches):
                service.jobs.create(LARGE)
            deadline = time.monotonic() + PATIENCE
            while not list(data.glob("etc/apps/hangs/bin/*.begun")) and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(after)
            began = time.perf_counter()
            process.send_signal(signal.SIGTERM)
            code = process.wait(PATIENCE)
            took = time.perf_counter() - began
        finally:
            process.kill()
            process.wait()
    if code:
        raise SystemExit(f"the server ended with {code}")
    return took


@contextmanager
def busy(processes: int) -> Iterator[None]:
    """Others who want the processor, too."""
    parent = os.getpid()
    endless = f"import os\nwhile os.getppid() == {parent}: sum(range(1_000_000))"
    others = [subprocess.Popen([sys.executable, "-c", endless]) for _ in range(processes)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--load", type=int, default=0)
    options = parser.parse_args(arguments)
    instance = Instance(now=NOW)
    instance.store.create_index("main")
    rows = {"_time": [NOW - n for n in range(300_000)], "_raw": [f"n={n} user=u{n % 7}" for n in range(300_000)]}
    instance.store.append(pl.DataFrame({**rows, "index": "main", "sourcetype": "st"}))
    with busy(options.load):
        for name, search in SEARCHES.items():
            told = [cancelled(instance, search, 0.3 * (1 + n)) for n in range(options.rounds)]
            print(f"cancelled, {name}: {min(told):.2f} to {max(told):.2f}")
        for searches in (0, 4):
            told = [terminated(searches, 0.5 * n) for n in range(options.rounds)]
            print(f"SIGTERM, a script and {searches} large searches: {min(told):.2f} to {max(told):.2f}")


if __name__ == "__main__":
    main()

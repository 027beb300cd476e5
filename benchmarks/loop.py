"""How long a verdict takes: one detection, the same again under --watch, and many with data of their own.

    python benchmarks/loop.py [--quick] [--detections N] [--rounds N] [--escu DIR [--attack-data DIR]]

The repository is generated: copies of one of this repository's detections, each with a name, an id, a filter macro and attack and
benign data of its own, proved as the original is (custom command, risk, tuning, reset, benign data, reinstallation). `floor` is a
process that imports Polars and splunk-sdk and does nothing else, in the same run; `ratio` is processor time in floors, which a
busy machine changes least. Wall clock is the best of the rounds, and so is processor time (of the process and all that it starts).
"""

from __future__ import annotations

import argparse
import os
import queue
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

ROOT = Path(__file__).resolve().parent.parent
ORIGINAL = ROOT / "detections/endpoint/remote_process_instantiation_via_wmi_and_powershell_script_block_xml.yml"
NAME = "Remote Process Instantiation via WMI and PowerShell Script Block XML"
COMPANY = "harbor.test"  # whose hosts the data names
CONTENT = ("app", "app.yml", "data_sources", "deployments", "lookups", "macros", "stories")
SECONDS = 600.0
FLOOR = "import polars, splunklib.client"


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds of one run, or of one detection in it."""

    wall: float
    processor: float


def generate(folder: Path, count: int) -> list[str]:
    """A content repository of so many detections; their files."""
    for name in CONTENT:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name)
        elif source.exists():
            shutil.copy(source, folder / name)
    text = ORIGINAL.read_text()
    data = re.findall(r"data: (tests/data/\S+)", text)
    (folder / "tests" / "data").mkdir(parents=True)
    (folder / "detections" / "endpoint").mkdir(parents=True)
    files = []
    for number in range(count):
        own, file = f"harbor{number:03}.test", f"detections/endpoint/copy_{number:03}_of_an_instantiation.yml"
        copy = text.replace(COMPANY, own).replace(NAME, f"Copy {number:03} of an Instantiation")
        copy = copy.replace(ORIGINAL.stem, f"copy_{number:03}_of_an_instantiation")
        copy = re.sub(r"(?m)^id: [0-9a-f]{8}", f"id: {number:08x}", copy)
        for name in data:
            copy = copy.replace(name, f"tests/data/{number:03}_{Path(name).name}")
            (folder / f"tests/data/{number:03}_{Path(name).name}").write_text(
                (ROOT / name).read_text().replace(COMPANY, own)
            )
        (folder / file).write_text(copy)
        files.append(file)
    return files


def timed(command: Sequence[str], expected: int = 0) -> Measured:
    """A whole process. Raises SystemExit with what it said where it ends otherwise than expected."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    wall, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != expected:
        raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return Measured(wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def best(runs: Sequence[Measured]) -> Measured:
    return Measured(min(run.wall for run in runs), min(run.processor for run in runs))


def caltrop(*words: str) -> list[str]:
    return [sys.executable, "-m", "caltrop", *words]


@contextmanager
def lines_of(command: Sequence[str]) -> Iterator[tuple[subprocess.Popen[str], queue.Queue[str]]]:
    """A process that stays, and the lines that it says."""
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    said: queue.Queue[str] = queue.Queue()

    def read(stream: IO[str]) -> None:
        for line in stream:
            said.put(line)

    assert process.stdout is not None
    threading.Thread(target=read, args=(process.stdout,), daemon=True).start()
    try:
        yield process, said
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def until(said: queue.Queue[str], text: str) -> None:
    heard = []
    while True:
        try:
            heard.append(said.get(timeout=60))
        except queue.Empty:
            raise SystemExit(f"no {text!r} in: {''.join(heard)}") from None
        if text in heard[-1]:
            return


def watched(folder: Path, file: str, saves: int) -> list[Measured]:
    """From a save to its verdict, once for each of these saves."""
    path, found = folder / file, []
    text = path.read_text()
    with lines_of(caltrop("test", "--content", str(folder), file, "--watch")) as (process, said):
        until(said, "watching")
        time.sleep(0.2)
        for number in range(saves):
            before, began = _processor(process.pid), time.perf_counter()
            path.write_text(text.replace("hits: 7", "hits: 7 ") + f"# saved {number}\n")
            until(said, "passed: ")
            found.append(Measured(time.perf_counter() - began, _processor(process.pid) - before))
    path.write_text(text)
    return found


def _processor(pid: int) -> float:
    """Processor seconds of a process and of its ended children so far; 0 where /proc is not there."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few detections and rounds, in less than a minute")
    parser.add_argument("--detections", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--escu", type=Path, help="a large repository: one of its detections, cold and again")
    parser.add_argument("--name", default="", help="which of them")
    parser.add_argument("--attack-data", type=Path, help="a local clone of its data")
    given = parser.parse_args()
    count, rounds = (8, 1) if given.quick else (given.detections, given.rounds)
    floor = best([timed([sys.executable, "-c", FLOOR]) for _ in range(rounds + 1)])
    rows = [("a process that imports Polars and splunk-sdk", floor, "")]
    with tempfile.TemporaryDirectory(prefix="caltrop-loop-") as temporary:
        alone, many = Path(temporary, "alone"), Path(temporary, "many")
        (only,) = generate(alone, 1)
        test = caltrop("test", "--content", str(alone), only)
        rows.append(("one detection, cold", best([timed(test) for _ in range(rounds)]), "2.0 s"))
        saves = watched(alone, only, 4 if given.quick else 10)
        rows.append(("the same, from save to verdict (--watch)", best(saves), "0.5 s"))
        generate(many, count)
        whole = best([timed(caltrop("test", "--content", str(many))) for _ in range(rounds)])
        rows.append((f"{count} detections", whole, f"{0.15 * count:.0f} s"))
        rows.append(("of that, each", Measured(whole.wall / count, whole.processor / count), "0.15 s"))
    if given.escu is not None:
        data = ["--attack-data", str(given.attack_data)] if given.attack_data else []
        test = caltrop("test", "--content", str(given.escu), given.name, *data)
        rows.append(("one detection of a large repository", best([timed(test) for _ in range(rounds)]), "3 s / 2 s"))
    print("| work | wall, s | processor, s | ratio | aim |\n|---|---|---|---|---|")
    for what, took, aim in rows:
        print(f"| {what} | {took.wall:.2f} | {took.processor:.2f} | {took.processor / floor.processor:.1f} | {aim} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())

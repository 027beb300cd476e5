"""`caltrop build` beside contentctl on the same repository, in one run: cold, nothing changed, one file changed, one detection.

    python benchmarks/build.py [--corpus ../shared/corpus/escu] [--contentctl VENV] [--rounds 3]

contentctl 4.4.1 runs in an environment of its own (it needs tyro 0.8.14 and pydantic 2.8.2), which is made with pip when
--contentctl names none. Times are those of whole processes, the best of the rounds, which take turns.
"""

from __future__ import annotations

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("contentctl==4.4.1", "tyro==0.8.14", "pydantic==2.8.2")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=ROOT.parent / "shared" / "corpus" / "escu")
    parser.add_argument("--contentctl", type=Path, help="virtual environment with contentctl 4.4.1")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="caltrop-bench-") as folder:
        work = Path(folder)
        venv = options.contentctl or _environment(work / "venv")
        _report(options.corpus, venv, work, options.rounds)


def _report(corpus: Path, venv: Path, work: Path, rounds: int) -> None:
    content, peer, out = _copy(corpus, work / "content"), _copy(corpus, work / "peer"), work / "out"
    changed = sorted((content / "detections").rglob("*.yml"))[0]
    one = _single(work / "single")
    caltrop = [sys.executable, "-m", "caltrop", "build", "--content"]
    ours = [*caltrop, str(content), "--out", str(out)]

    def touch() -> None:
        with changed.open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")

    # name -> what happens before the clock starts, the command, its folder
    runs: dict[str, tuple[Callable[[], object], list[str], Path]] = {
        "contentctl 4.4.1": (
            lambda: shutil.rmtree(peer / "dist", ignore_errors=True), [str(venv / "bin" / "contentctl"), "build"], peer
        ),
        "caltrop, cold": (lambda: shutil.rmtree(out, ignore_errors=True), ours, ROOT),
        "caltrop, one file changed": (touch, ours, ROOT),
        "caltrop, nothing changed": (lambda: None, ours, ROOT),
        "caltrop, one detection": (lambda: None, [*caltrop, str(one), "--no-cache"], ROOT),
    }  # fmt: skip
    best = dict.fromkeys(runs, (float("inf"), float("inf")))
    for _ in range(rounds):  # in turns, so that a busy machine is busy for all of them
        for name, (before, command, folder) in runs.items():
            before()
            wall, cpu = _run(command, folder)
            best[name] = min(best[name][0], wall), min(best[name][1], cpu)
    theirs = best["contentctl 4.4.1"]
    for name, (wall, cpu) in best.items():
        ratio = "" if "detection" in name else f"{theirs[0] / wall:7.1f}x"
        print(f"{name:26} {wall:6.2f} s wall {cpu:6.2f} s cpu {ratio}")


def _single(folder: Path) -> Path:
    """A repository with one detection, as `caltrop init` writes it."""
    command = [sys.executable, "-m", "caltrop", "init", str(folder)]
    _run(command, ROOT)
    return folder


def _run(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall clock and processor seconds of a command, its own children included."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _copy(source: Path, target: Path) -> Path:
    shutil.copytree(source, target)
    for path in [target, *target.rglob("*")]:
        path.chmod(path.stat().st_mode | 0o200)
    return target


def _environment(folder: Path) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(folder / "bin" / "pip"), "install", "--quiet", *REQUIREMENTS], check=True)
    return folder


if __name__ == "__main__":
    main()

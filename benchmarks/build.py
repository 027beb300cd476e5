"""`caltrop build` beside contentctl on the same repository, in one run: cold, nothing changed, one file changed, one detection.

    python benchmarks/build.py [--corpus ../shared/corpus/escu] [--contentctl VENV] [--rounds 3]

contentctl 4.4.1 runs in an environment of its own (it needs tyro 0.8.14 and pydantic 2.8.2), which is made with pip when
--contentctl names none. Times are wall clock of whole processes, the best of the rounds; both write to fresh folders.
"""

from __future__ import annotations

import argparse
import os
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
    content = _copy(corpus, work / "content")
    changed = sorted((content / "detections").rglob("*.yml"))[0]
    peer = work / "peer"
    _copy(corpus, peer)
    command = [str(venv / "bin" / "contentctl"), "build"]
    theirs = _best(lambda: _run(command, peer), lambda: shutil.rmtree(peer / "dist", ignore_errors=True), rounds)
    print(f"contentctl 4.4.1          {theirs:7.2f} s")
    ours = [sys.executable, "-m", "caltrop", "build", "--content", str(content), "--out", str(work / "out")]

    def cold() -> None:
        shutil.rmtree(work / "out", ignore_errors=True)

    def touch() -> None:
        with changed.open("a", encoding="utf-8") as stream:
            stream.write("# changed\n")

    for label, before in (("cold", cold), ("one file changed", touch), ("nothing changed", lambda: None)):
        seconds = _best(lambda: _run(ours, ROOT), before, rounds)
        print(f"caltrop, {label:16} {seconds:7.2f} s   {theirs / seconds:6.1f}x")
    one = _single(work / "single")
    single = [sys.executable, "-m", "caltrop", "build", "--no-cache", "--content", str(one)]
    print(f"caltrop, one detection    {_best(lambda: _run(single, ROOT), lambda: None, rounds):7.2f} s")


def _single(folder: Path) -> Path:
    """A repository with one detection, as `caltrop new` writes it."""
    search = "index=_internal process=x | stats count by dest user"
    command = [
        sys.executable,
        "-m",
        "caltrop",
        "new",
        "Some Process",
        "--no-input",
        "--content",
        str(folder),
        "--search",
        search,
    ]
    _run(command, ROOT)
    return folder


def _best(run: Callable[[], None], before: Callable[[], object], rounds: int) -> float:
    times = []
    for _ in range(rounds):
        before()
        started = time.perf_counter()
        run()
        times.append(time.perf_counter() - started)
    return min(times)


def _run(command: list[str], folder: Path) -> None:
    done = subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONUTF8": "1"}
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{(done.stdout + done.stderr)[-2000:]}")


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

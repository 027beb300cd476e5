"""Every benchmark, one after the other, in a process of its own; what docs/benchmarks.md quotes.

make bench
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SHARED = HERE.parent.parent / "shared"


def main() -> int:
    runs: list[list[str]] = [["search.py"], ["firstsearch.py"], ["explain.py"], ["index.py"], ["enrichhits.py"]]
    if SHARED.is_dir():
        corpus = str(SHARED / "corpus" / "escu")
        runs.append(["search.py", "--corpus", corpus, "--data", str(SHARED / "datasets")])
        runs.append(["build.py", "--corpus", corpus])
        runs.append(["growth.py", "--corpus", corpus])
    else:
        print("../shared is not here: the benchmarks on the corpus did not run", file=sys.stderr)
    worst = 0
    for script, *arguments in runs:
        print(f"\n=== benchmarks/{' '.join([script, *arguments])}", flush=True)
        worst = max(worst, subprocess.run([sys.executable, str(HERE / script), *arguments], check=False).returncode)
    return worst


if __name__ == "__main__":
    sys.exit(main())

"""What an explanation costs beside the search that it explains, in processor time (all threads).

    python benchmarks/explain.py [--events 100000]

Each search leaves nothing, in a way of its own. `cold`: an instance that has searched nothing yet, as `caltrop search` has it.
`warm`: the same search again, whose fields are extracted and kept, and which then ends as soon as it is known that no event can
match. The goal is a cold ratio below 2 wherever the search had to read events; a word, an index or a time range that rules out all
of them leaves it with nothing to do, and what the explanation asks then costs a few milliseconds.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.search import events
from caltrop.engine.instance import Instance
from caltrop.explained import explained

T = TypeVar("T")
GOAL = 2.0
AT_ONCE = 20.0  # milliseconds in which a search reads none of the fields
SEARCHES = {
    "value": "search index=main action=allowed process=*shel32*",
    "field": "search index=main action=allowed proces=*shell32*",
    "three of four": "search index=main action=allowed user=user1 dest=srv1 process=nosuch.exe",
    "word": "search index=main mimikattz action=allowed",
    "index": "search index=maim action=allowed",
    "time": "search index=main action=allowed earliest=0 latest=1000",
    "where": 'search index=main action=allowed | where process="*shell32*"',
    "threshold": "search index=main | stats count by user | where count > 1000000",
    "group": "search index=main | stats count by usr",
    "or": "search index=main (process=*shel32* OR process=*netexe* OR user=nobody) action=allowed",
    "with hits": "search index=main action=allowed process=*shell32* | stats count by user",
}


def spent(action: Callable[[], T]) -> tuple[float, T]:
    """Processor seconds of this process, threads included, and what came of it."""
    began = time.process_time()
    result = action()
    return time.process_time() - began, result


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    count = parser.parse_args().events
    batches: list[pl.DataFrame] = list(events(count))
    print(f"{count:,} events, processor milliseconds")
    print(f"{'search':<16}{'cold':>9}{'explain':>9}{'ratio':>7}{'warm':>9}{'explain':>9}")
    worst = 0.0
    for name, spl in SEARCHES.items():
        instance = Instance(None)
        instance.store.create_index("main")
        for batch in batches:
            instance.store.append(batch)
        instance.store.flush()
        times = []
        for _ in range(2):
            searched, result = spent(lambda i=instance, s=spl: i.search(s))  # type: ignore[misc]
            explaining = 0.0
            if not len(result.table):
                explaining, _ = spent(lambda i=instance, r=result: explained(i, r))  # type: ignore[misc]
            times += [searched * 1000, explaining * 1000]
        ratio = times[1] / times[0]
        worst = max(worst, ratio if times[0] > AT_ONCE else 0.0)
        print(f"{name:<16}{times[0]:>9.0f}{times[1]:>9.0f}{ratio:>7.2f}{times[2]:>9.0f}{times[3]:>9.0f}")
    print(f"worst cold ratio of searches that read events: {worst:.2f}")
    return 0 if worst < GOAL else 1


if __name__ == "__main__":
    sys.exit(main())

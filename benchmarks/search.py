"""How fast searches run: events a second beside grep over the same bytes, and plain Polars on ready-made columns.

    python benchmarks/search.py [--sizes 10000,100000,1000000] [--memory | --corpus DIR --data PATH]

Every figure of a row is from the same run on the same events. `ratio` is our time over plain Polars' time: 1.0 would mean that
parsing, planning, reading segments and search-time extraction cost nothing. Each search is timed warm (second run), since the
first one extracts fields once for all searches; the cold time is printed beside it.
"""

from __future__ import annotations

import argparse
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from caltrop.engine.instance import Instance
from caltrop.index import frames

SEED = 7
BATCH = 100_000
START = 1_700_000_000.0
USERS, HOSTS = 500, 200
COMMANDS = (
    "cmd.exe /c whoami",
    "powershell.exe -enc AAAA",
    "svchost.exe -k netsvcs",
    "rundll32.exe shell32.dll",
    "net.exe user /domain",
)

# name -> (SPL, the same on columns that are already there)
Query = Callable[[pl.DataFrame], pl.DataFrame]
SEARCHES: dict[str, tuple[str, Query]] = {
    "keyword": (
        "search index=main mimikatz",
        lambda f: f.filter(pl.col("_raw").str.to_lowercase().str.contains("mimikatz", literal=True)),
    ),
    "absent word": (
        "search index=main nowhere",
        lambda f: f.filter(pl.col("_raw").str.to_lowercase().str.contains("nowhere", literal=True)),
    ),
    "one value": (
        "search index=main action=allowed | stats count",
        lambda f: f.filter(pl.col("action") == "allowed").select(pl.len()),
    ),
    "two with OR": (
        "search index=main user=user7 OR user=user8 | table _time user",
        lambda f: f.filter((pl.col("user") == "user7") | (pl.col("user") == "user8")).select("_time", "user"),
    ),
    "three with IN": (
        "search index=main user IN (user7, user8, user9) | table _time user",
        lambda f: f.filter(pl.col("user").is_in(["user7", "user8", "user9"])).select("_time", "user"),
    ),
    "two fields": (
        "search index=main action=allowed user=user7 | table _time user",
        lambda f: f.filter((pl.col("action") == "allowed") & (pl.col("user") == "user7")).select("_time", "user"),
    ),
    "wildcard field": (
        "search index=main process=*shell32* | table _time user",
        lambda f: f.filter(pl.col("process").str.to_lowercase().str.contains("shell32", literal=True)).select(
            "_time", "user"
        ),
    ),
    "stats by 2": (
        "search index=main | stats count by user dest",
        lambda f: f.group_by("user", "dest").len().sort("user", "dest"),
    ),
    "rex + stats": (
        'search index=main | rex field=process "^(?<image>[^ ]+)" | stats count by image',
        lambda f: f.select(pl.col("process").str.extract(r"^([^ ]+)").alias("image")).group_by("image").len(),
    ),
    "eventstats": (
        "search index=main | eventstats avg(bytes) as mean by user | where bytes > mean | stats count",
        lambda f: f.select(
            (pl.col("bytes").cast(pl.Float64) > pl.col("bytes").cast(pl.Float64).mean().over("user")).sum()
        ),
    ),
    "tstats": (
        "| tstats count where index=main by host",
        lambda f: f.group_by("host").len().sort("host"),
    ),
    "detection": (
        "search index=main action=allowed process=*net.exe* | eval user=lower(user) | rename dest as destination "
        "| stats count min(_time) as firstTime max(_time) as lastTime by user destination | where count > 1 "
        "| convert ctime(firstTime) | sort - count | search user=user*",
        lambda f: (
            f.filter((pl.col("action") == "allowed") & pl.col("process").str.contains("net.exe", literal=True))
            .with_columns(pl.col("user").str.to_lowercase())
            .group_by("user", "dest")
            .agg(pl.len(), pl.col("_time").min().alias("first"), pl.col("_time").max().alias("last"))
            .filter(pl.col("len") > 1)
            .sort("len", descending=True)
        ),
    ),
}


def events(count: int) -> Iterator[pl.DataFrame]:
    """key=value events of about 200 bytes, made from a fixed seed, batch by batch."""
    rng = random.Random(SEED)
    for start in range(0, count, BATCH):
        size = min(BATCH, count - start)
        rows = []
        for i in range(size):
            command = COMMANDS[rng.randrange(len(COMMANDS))]
            extra = " mimikatz" if rng.random() < 0.001 else ""
            rows.append(
                f"2023-11-14T22:13:20Z id={start + i} user=user{rng.randrange(USERS)} dest=srv{rng.randrange(HOSTS)} "
                f'action={"allowed" if rng.random() < 0.5 else "blocked"} bytes={rng.randrange(100_000)} process="{command}{extra}"'
            )
        raw = pl.Series("_raw", rows)
        times = pl.Series("_time", [START + start + i for i in range(size)], dtype=pl.Float64)
        host = pl.Series("host", [f"host{i % 20}" for i in range(size)])
        yield frames.build(raw, times, host=host, source="bench", sourcetype="bench", index="main")


def ready_columns(raw: pl.DataFrame) -> pl.DataFrame:
    """What the limit starts from: the fields as columns."""
    names = ("user", "dest", "action", "bytes")
    return raw.with_columns(
        *(pl.col("_raw").str.extract(rf"{name}=(\S+)").alias(name) for name in names),
        pl.col("_raw").str.extract(r'process="([^"]*)"').alias("process"),
    )


def timed(action: Callable[[], object]) -> float:
    began = time.perf_counter()
    action()
    return time.perf_counter() - began


def grep_seconds(frame: pl.DataFrame) -> float:
    with tempfile.NamedTemporaryFile("w", suffix=".log") as file:
        file.write("\n".join(frame.get_column("_raw").to_list()))
        file.flush()
        return min(
            timed(lambda: subprocess.run(["grep", "-ic", "mimikatz", file.name], capture_output=True, check=False))
            for _ in range(3)
        )


def add(instance: Instance, batches: Sequence[pl.DataFrame]) -> None:
    for batch in batches:
        instance.store.append(batch)


def measure(count: int) -> None:
    instance = Instance(None)
    instance.store.create_index("main")
    batches = list(events(count))
    raw = pl.concat(batches)
    indexing = timed(lambda: add(instance, batches))
    ready = ready_columns(raw)
    size = int(raw.get_column("_raw").str.len_bytes().sum())
    print(f"\n{count:,} events, {size / 1e6:.0f} MB raw, indexed at {count / indexing:,.0f} events/s")
    print(f"{'search':<16}{'cold s':>9}{'warm s':>9}{'events/s':>14}{'limit s':>9}{'ratio':>8}{'grep s':>9}")
    grep = grep_seconds(raw)
    for name, (spl, query) in SEARCHES.items():
        cold = timed(partial(instance.search, spl))
        warm = min(timed(partial(instance.search, spl)) for _ in range(3))
        query(ready)
        limit = min(timed(partial(query, ready)) for _ in range(3))
        beside = f"{grep:>9.3f}" if name == "keyword" else " " * 9
        print(f"{name:<16}{cold:>9.3f}{warm:>9.3f}{count / warm:>14,.0f}{limit:>9.3f}{warm / limit:>8.1f}{beside}")
    print(f"peak memory {peak_bytes() / 1e6:.0f} MB, the benchmark's own copies of the events included")


def measure_memory(count: int) -> None:
    """Peak memory of the engine alone: one process indexes to disk, another one opens that and searches; nothing else is held."""
    with tempfile.TemporaryDirectory(prefix="caltrop-memory-") as folder:
        for what in ("index", "search"):
            command = [sys.executable, __file__, "--alone", what, "--sizes", str(count), "--folder", folder]
            answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            before, peak, size = map(int, answer.split())
            print(
                f"{what} alone, {count:,} events: peak {peak / 1e6:.0f} MB, of which {before / 1e6:.0f} MB before any event; "
                f"{(peak - before) / size:.1f} times raw"
            )


def alone(what: str, count: int, folder: Path) -> None:
    """One half of `measure_memory`: prints bytes before, bytes at the peak, and bytes of raw text."""
    instance = Instance(folder)
    before, size = peak_bytes(), 0
    if what == "index":
        instance.store.create_index("main")
        for batch in events(count):
            size += int(batch.get_column("_raw").str.len_bytes().sum())
            instance.store.append(batch)
        instance.store.close()
        (folder / "raw bytes").write_text(str(size))
    else:
        size = int((folder / "raw bytes").read_text())
        for spl, _ in SEARCHES.values():
            instance.search(spl)
    print(before, peak_bytes(), size)


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def measure_corpus(folder: Path, data: list[str], least: int) -> None:
    """All production detections of a repository, over captures repeated until there are `least` events."""
    from caltrop.content import load
    from caltrop.corpus import run as corpus
    from caltrop.knowledge import layers

    catalogue = load(folder, checks=False)
    with corpus.instance_of(catalogue, data, layers()) as (instance, count):
        copies = [segment.frame for segment in instance.store.segments(["main"])]
        while 0 < count < least:
            for frame in copies:
                shifted = frame.drop("_cd").with_columns(pl.col("_time") + count)
                instance.store.append(shifted)
                count += frame.height
        production = [d for d in catalogue.detections if d.status == "production"]
        for label in ("cold", "warm"):
            began = time.perf_counter()
            runs = [corpus.run(instance, detection, catalogue.config.id) for detection in production]
            seconds = time.perf_counter() - began
            failed = sum(r.error is not None for r in runs)
            print(
                f"{label}: {len(runs)} detections over {count:,} events in {seconds:.1f} s "
                f"({seconds / len(runs) * 1000:.1f} ms a detection), {sum(r.hits > 0 for r in runs)} with hits, {failed} with errors"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000,1000000")
    parser.add_argument("--corpus", type=Path)
    parser.add_argument("--data", action="append", default=[])
    parser.add_argument("--events", type=int, default=50_000)
    parser.add_argument("--memory", action="store_true", help="peak memory of the engine alone, on disk")
    parser.add_argument("--alone", choices=("index", "search"), help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    if given.alone:
        alone(given.alone, sizes[0], given.folder)
        return
    if given.corpus:
        measure_corpus(given.corpus, given.data, given.events)
        return
    for size in sizes:
        (measure_memory if given.memory else measure)(size)


if __name__ == "__main__":
    main()

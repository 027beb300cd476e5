"""How cost grows: detections from ten to a whole repository, events from ten thousand to three million, each against the other.

    python benchmarks/growth.py [--quick] [--minutes 10] [--corpus DIR] [--picture docs/growth.svg]

Processor time of searching, all detections of a repository (the first N in order of file) over all events, cold and warm. A tenth
of the events are process starts of Sysmon, which a part of the detections reads; the others are of a source that none of them
reads. Where most detections cannot match, cost may grow with the sum of detections and events, not with their product: `product`
is the part of the largest cell that a + b*N + c*E + d*N*E gives to its last term. Each number of events has a process of its own.

The whole ends within `--minutes`, and takes no more memory than the machine has free: what that leaves no room for is not measured,
and said.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from caltrop.index import frames

T = TypeVar("T")
HERE = Path(__file__).resolve().parent
CORPUS = HERE.parent.parent / "shared" / "corpus" / "escu"
DETECTIONS = (10, 100, 500, 1_711)
EVENTS = (10_000, 100_000, 1_000_000, 3_000_000)
QUICK = ((10, 100, 300), (2_000, 20_000))
START, BATCH, SEED = 1_700_000_000.0, 100_000, 7
SYSMON = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
IMAGES = ("cmd.exe", "svchost.exe", "powershell.exe", "rundll32.exe", "notepad.exe", "chrome.exe", "lsass.exe")


@dataclass(frozen=True, slots=True)
class Cell:
    """Processor seconds of searching with so many detections over so many events. `loading` is the content, `indexing` the events."""

    detections: int
    events: int
    cold: float
    warm: float
    hits: int
    errors: int
    loading: float
    indexing: float
    peak: int  # bytes of memory so far


def events(count: int) -> Iterator[pl.DataFrame]:
    """Ten lines of a proxy for every process start."""
    rng = random.Random(SEED)
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        starts = [n for n in numbers if n % 10 == 0]
        lines = [n for n in numbers if n % 10]
        yield _frame([_process(n, rng) for n in starts], starts, SYSMON, "XmlWinEventLog")
        yield _frame([f"id={n} user=u{rng.randrange(500)} bytes={rng.randrange(10**6)} /p/{rng.randrange(10**4)}" for n in lines],
                     lines, "proxy", "bench")  # fmt: skip


def _frame(raw: Sequence[str], numbers: Sequence[int], source: str, sourcetype: str) -> pl.DataFrame:
    times = pl.Series("_time", [START + n for n in numbers], dtype=pl.Float64)
    host = pl.Series("host", [f"host{n % 50}" for n in numbers])
    return frames.build(pl.Series("_raw", raw), times, host=host, source=source, sourcetype=sourcetype, index="main")


def _process(number: int, rng: random.Random) -> str:
    image, parent = rng.choice(IMAGES), rng.choice(IMAGES)
    data = {
        "ProcessGuid": f"{{{number:032x}}}", "ProcessId": str(1000 + number % 9000), "User": f"CORP\\u{rng.randrange(500)}",
        "Image": f"C:\\Windows\\System32\\{image}", "CommandLine": f"{image} /c {rng.randrange(10**6)}",
        "ParentImage": f"C:\\Windows\\System32\\{parent}", "OriginalFileName": image, "IntegrityLevel": "High",
    }  # fmt: skip
    fields = "".join(f"<Data Name='{name}'>{value}</Data>" for name, value in data.items())
    return (
        "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider "
        "Name='Microsoft-Windows-Sysmon'/><EventID>1</EventID><Level>4</Level><Channel>Microsoft-Windows-Sysmon/Operational"
        f"</Channel><Computer>host{number % 50}</Computer></System><EventData>{fields}</EventData></Event>"
    )


class OutOfTime(Exception):
    """There is none left."""


def in_time(items: Iterable[T], until: float) -> Iterator[T]:
    """The items, as long as the (monotonic) clock allows. Raises OutOfTime."""
    for item in items:
        if time.monotonic() > until:
            raise OutOfTime
        yield item


def measure(corpus: Path, counts: Sequence[int], count: int, until: float) -> list[Cell]:
    """One number of events, with growing numbers of detections: each has what the ones before it left to be extracted, so that
    `cold` counts everything from the first detection on. What is not done at `until` is left out."""
    from caltrop.content import load
    from caltrop.corpus import run as one
    from caltrop.knowledge import layers

    began = time.process_time()
    catalogue = load(corpus, checks=False)
    loading = time.process_time() - began
    detections = [d for d in catalogue.detections if d.status == "production"]
    cells = []
    with one.instance_of(catalogue, (), layers()) as (instance, _), suppress(OutOfTime):
        began = time.process_time()
        for batch in in_time(events(count), until):
            if batch.height:
                instance.store.append(batch)
        indexing = time.process_time() - began
        spent, done = 0.0, 0
        for number in _within(counts, len(detections)):
            began = time.process_time()
            for detection in in_time(detections[done:number], until):
                one.run(instance, detection, catalogue.config.id)
            spent, done = spent + time.process_time() - began, number
            began = time.process_time()
            again = in_time(detections[:number], until)
            runs = [one.run(instance, detection, catalogue.config.id) for detection in again]
            warm = time.process_time() - began
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
            cells.append(
                Cell(number, count, spent, warm, sum(r.hits > 0 for r in runs), sum(r.error is not None for r in runs),
                     loading, indexing, peak)
            )  # fmt: skip
    return cells


def free() -> float:
    """Bytes of memory that are free for the taking."""
    try:
        found = re.search(r"MemAvailable:\s+(\d+) kB", Path("/proc/meminfo").read_text())
    except OSError:
        found = None
    return int(found[1]) * 1024.0 if found else math.inf


def fits(cells: Sequence[Cell], size: int) -> bool:
    """Whether so many events fit into memory, going by what the largest number so far took."""
    last = max(cells, key=lambda c: c.events, default=None)
    return last is None or max(c.peak for c in cells) * size / last.events < free()


def _within(counts: Sequence[int], most: int) -> list[int]:
    """The numbers of detections that the repository has; its own number where it has fewer."""
    return sorted({min(count, most) for count in counts})


def product(cells: Sequence[Cell]) -> float:
    """The part of the largest cell's warm time that grows with the product, by least squares (relative errors count)."""
    rows = [(1.0, float(c.detections), float(c.events), float(c.detections) * c.events) for c in cells]
    weights = [1 / max(c.warm, 1e-3) for c in cells]
    factors = _fitted([[x * w for x in row] for row, w in zip(rows, weights, strict=True)],
                      [c.warm * w for c, w in zip(cells, weights, strict=True)])  # fmt: skip
    last = max(cells, key=lambda c: c.detections * c.events)
    return max(factors[3], 0.0) * last.detections * last.events / max(last.warm, 1e-9)


def _fitted(rows: list[list[float]], wanted: list[float]) -> list[float]:
    """Least squares by the normal equations, each column scaled to its largest value."""
    scale = [max(abs(row[i]) for row in rows) or 1.0 for i in range(len(rows[0]))]
    scaled = [[value / scale[i] for i, value in enumerate(row)] for row in rows]
    size = len(scale)
    table = [
        [sum(row[i] * row[j] for row in scaled) + (1e-12 if i == j else 0.0) for j in range(size)]
        + [sum(row[i] * w for row, w in zip(scaled, wanted, strict=True))]
        for i in range(size)
    ]
    for i in range(size):
        pivot = max(range(i, size), key=lambda r: abs(table[r][i]))
        table[i], table[pivot] = table[pivot], table[i]
        for r in range(size):
            if r != i and table[i][i]:
                factor = table[r][i] / table[i][i]
                table[r] = [a - factor * b for a, b in zip(table[r], table[i], strict=True)]
    return [table[i][size] / table[i][i] / scale[i] if table[i][i] else 0.0 for i in range(size)]


def table(cells: Sequence[Cell]) -> str:
    """Markdown: a row a number of events, cold and warm seconds for each number of detections."""
    counts = sorted({c.detections for c in cells})
    lines = [
        "| events | " + " | ".join(f"{n:,} detections" for n in counts) + " | indexing | peak memory |",
        "|" + "---|" * (len(counts) + 3),
    ]
    for size in sorted({c.events for c in cells}):
        row = {c.detections: c for c in cells if c.events == size}
        found = [f"{row[n].cold:.2f} / {row[n].warm:.2f}" if n in row else "" for n in counts]
        last = row[max(row)]
        lines.append(f"| {size:,} | {' | '.join(found)} | {last.indexing:.1f} | {last.peak / 2**20:,.0f} MB |")
    return "\n".join(lines)


WIDTH, HEIGHT, EDGE = 720, 420, 60
COLOURS = ("#3a6ea5", "#2e9e5b", "#e8b23a", "#d64545", "#7a4fa3")


def picture(cells: Sequence[Cell]) -> str:
    """An SVG: warm seconds over events, both logarithmic, a line a number of detections; dashed is growth with the product."""
    sizes, times = sorted({c.events for c in cells}), [max(c.warm, 1e-3) for c in cells]
    low, high = math.floor(math.log10(min(times))), math.ceil(math.log10(max(times)) + 1e-9)

    def x(size: float) -> float:
        span = math.log10(sizes[-1] / sizes[0]) or 1.0
        return EDGE + (WIDTH - 2 * EDGE) * math.log10(size / sizes[0]) / span

    def y(seconds: float) -> float:
        return HEIGHT - EDGE - (HEIGHT - 2 * EDGE) * (math.log10(max(seconds, 10**low)) - low) / max(high - low, 1)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        f'<text x="{EDGE}" y="24">Processor seconds of all searches (warm), by events; dashed: growth with the product</text>',
    ]
    for power in range(low, high + 1):
        at = y(10**power)
        parts.append(f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ddd"/>')
        parts.append(f'<text x="{EDGE - 8}" y="{at + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    for size in sizes:
        parts.append(f'<text x="{x(size):.1f}" y="{HEIGHT - EDGE + 18}" text-anchor="middle">{size:,}</text>')
    for index, count in enumerate(sorted({c.detections for c in cells})):
        colour = COLOURS[index % len(COLOURS)]
        row = sorted((c for c in cells if c.detections == count), key=lambda c: c.events)
        points = " ".join(f"{x(c.events):.1f},{y(c.warm):.1f}" for c in row)
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>')
        end = row[-1]
        parts.append(f'<text x="{x(end.events) + 4:.1f}" y="{y(end.warm) + 4:.1f}" fill="{colour}">{count:,}</text>')
        first = row[0]
        steep = min(first.warm * end.events / first.events, 10**high)
        reach = first.events * steep / max(first.warm, 1e-9)
        parts.append(
            f'<line x1="{x(first.events):.1f}" y1="{y(first.warm):.1f}" x2="{x(reach):.1f}" y2="{y(steep):.1f}" '
            f'stroke="{colour}" stroke-dasharray="3 4" opacity="0.5"/>'
        )
    return "\n".join([*parts, "</svg>", ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, default=CORPUS, help="a content repository")
    parser.add_argument("--quick", action="store_true", help="small numbers, in less than a minute or two")
    parser.add_argument("--picture", type=Path, help="write an SVG here")
    parser.add_argument("--results", type=Path, help="write the cells here, as JSON")
    parser.add_argument("--minutes", type=float, default=10.0, help="after which nothing more is begun")
    parser.add_argument("--alone", type=int, help=argparse.SUPPRESS)
    given = parser.parse_args()
    counts, sizes = QUICK if given.quick else (DETECTIONS, EVENTS)
    if not given.corpus.is_dir():
        print(f"{given.corpus} is not here: nothing was measured", file=sys.stderr)
        return 2
    if given.alone:
        until = time.monotonic() + given.minutes * 60
        print(json.dumps([asdict(cell) for cell in measure(given.corpus, counts, given.alone, until)]))
        return 0
    cells: list[Cell] = []
    until = time.monotonic() + given.minutes * 60
    for size in sizes:
        left = (until - time.monotonic()) / 60
        if left <= 0 or not fits(cells, size):
            print(f"{size:,} events: not measured, no {'time' if left <= 0 else 'memory'} is left", file=sys.stderr)
            continue
        command = [
            sys.executable,
            __file__,
            "--alone",
            str(size),
            "--corpus",
            str(given.corpus),
            "--minutes",
            str(left),
        ]
        with tempfile.TemporaryFile("w+") as out:
            subprocess.run([*command, *(["--quick"] if given.quick else [])], stdout=out, check=True)
            out.seek(0)
            cells += [Cell(**cell) for cell in json.load(out)]
        print(f"{size:,} events done", file=sys.stderr, flush=True)
    if not cells:
        print("nothing was measured in that time", file=sys.stderr)
        return 2
    print(table(cells))
    last = max(cells, key=lambda c: c.detections * c.events)
    print(
        f"\ncold / warm, processor seconds; loading the content {last.loading:.1f}; {last.hits} detections with hits, "
        f"{last.errors} with errors; {product(cells):.0%} of the largest cell grows with the product"
    )
    if given.results:
        given.results.write_text(json.dumps([asdict(cell) for cell in cells], indent=1))
    if given.picture:
        given.picture.write_text(picture(cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())

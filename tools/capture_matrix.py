"""Which detection answers to which capture: docs/pack.md's matrix, and the short one for README.

    python -m tools.capture_matrix [--check] [--rows]

runs every detection over every capture of ../shared/datasets and over the benign company, each capture in an instance of its own, and
writes the tables between the markers `<!-- matrix -->` and `<!-- /matrix -->` of docs/pack.md, and a short one, which names what answers to
each capture of lateral movement, between `<!-- short matrix -->` and `<!-- /short matrix -->` of README.md where that has them. With
--check nothing is written and the exit code is 1 where a page says something else; --rows prints what was found instead.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from caltrop.content import load
from caltrop.content.model import Catalogue
from caltrop.corpus import run as corpus
from caltrop.knowledge import layers
from tools import company

ROOT = Path(__file__).resolve().parent.parent
PAGE, README = ROOT / "docs" / "pack.md", ROOT / "README.md"
BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"
SHORT_BEGIN, SHORT_END = "<!-- short matrix -->", "<!-- /short matrix -->"
COMPANY = "the company of `tools/company.py`"
Hits = dict[str, list[dict[str, Any]]]


def captures(datasets: Path) -> list[Path]:
    """Archives of captures, those of lateral movement first, each kind by name."""
    found = [*datasets.glob("otrf/*.zip"), *datasets.glob("attack_data/*.zip"), *datasets.glob("attack_data/*.tar.gz")]
    return sorted(found, key=lambda path: (not path.name.startswith("lateral_movement"), path.name))


def label(path: Path) -> str:
    name = re.sub(r"(?:\.tar\.gz|\.zip)$", "", path.name)
    return re.sub(r"^lateral_movement_host_", "", name)


def found(catalogue: Catalogue, data: Iterable[Path]) -> Hits:
    """{detection: result rows} of one set of data. Raises AssertionError where a detection could not run."""
    with corpus.instance_of(catalogue, [str(path) for path in data], layers()) as (instance, _):
        runs = [
            corpus.run(instance, one, str(catalogue.config.id), rows=True)
            for one in catalogue.detections
            if one.type != "Correlation"
        ]
    broken = [f"{run.name}: {run.error}" for run in runs if run.error]
    assert not broken, "\n".join(broken)
    return {run.name: run.rows for run in runs}


def matrix(catalogue: Catalogue, datasets: Path) -> dict[str, Hits]:
    """{capture: {detection: rows}}, the company last."""
    out = {label(path): found(catalogue, [path]) for path in captures(datasets)}
    with tempfile.TemporaryDirectory(prefix="caltrop-company-") as folder:
        company.main([folder])
        out[COMPANY] = found(catalogue, sorted(Path(folder).iterdir()))
    return out


def page(hits: dict[str, Hits]) -> str:
    """The table: a detection a row, a capture a column; below it, which column is which."""
    names = list(hits)
    detections = list(next(iter(hits.values())))
    lines = [
        "| detection | " + " | ".join(str(n) for n in range(1, len(names) + 1)) + " |",
        "|---|" + "---|" * len(names),
    ]
    for detection in detections:
        cells = (str(len(hits[name][detection]) or "") for name in names)
        lines.append(f"| {detection} | " + " | ".join(cells) + " |")
    lines += ["", "| | capture | detections that answer |", "|---|---|---|"]
    for number, name in enumerate(names, 1):
        answering = sum(1 for rows in hits[name].values() if rows)
        lines.append(f"| {number} | {name} | {answering} |")
    return "\n".join(lines)


def short(hits: dict[str, Hits], lateral: set[str]) -> str:
    """The short table: a capture of lateral movement a row, with the names of what answers to it."""
    lines = ["| capture | what answers |", "|---|---|"]
    for name, by_detection in hits.items():
        if name in lateral:
            lines.append(f"| {name} | {'; '.join(one for one, rows in by_detection.items() if rows) or 'nothing'} |")
    return "\n".join(lines)


def placed(text: str, table: str, begin: str = BEGIN, end: str = END) -> str:
    """The page with the table between its markers; a page without them as it is."""
    if begin not in text:
        return text
    head, _, rest = text.partition(begin)
    _, _, tail = rest.partition(end)
    return f"{head}{begin}\n{table}\n{end}{tail}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 where docs/pack.md is stale")
    parser.add_argument("--rows", action="store_true", help="print the result rows instead of the table")
    parser.add_argument("--datasets", type=Path, default=ROOT.parent / "shared" / "datasets")
    options = parser.parse_args(arguments)
    hits = matrix(load(ROOT), options.datasets)
    if options.rows:
        for name, by_detection in hits.items():
            for detection, rows in by_detection.items():
                for row in rows:
                    shown = " ".join(
                        f"{key}={str(value)[:90]}" for key, value in row.items() if key not in ("firstTime", "lastTime")
                    )
                    sys.stdout.write(f"{name} | {detection} | {shown}\n")
        return 0
    lateral = {label(path) for path in captures(options.datasets) if path.name.startswith("lateral_movement")}
    pages = {
        PAGE: placed(PAGE.read_text(), page(hits)),
        README: placed(README.read_text(), short(hits, lateral), SHORT_BEGIN, SHORT_END),
    }
    stale = [path for path, text in pages.items() if path.read_text() != text]
    if options.check:
        return int(bool(stale))
    for path in stale:
        path.write_text(pages[path])
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""What each search of the pack costs over a million Windows events, beside a plain scan of its sources, in processor time (all threads).

    python benchmarks/pack.py [--events 1000000] [--only NAME]

The events are days of the company of `tools/company.py`, administration included, one after the other, each with logon sessions and
record numbers of its own. A plain scan is `search <sources> | stats count by EventCode`: it looks at every event of the sources that the
detection reads, and at one field of it. Both run in an instance that has not searched before, so nothing is kept from another search. The
goal is that no search costs more than its scan.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
import time
from pathlib import Path

import polars as pl

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from caltrop.content import load  # noqa: E402
from caltrop.content.model import Catalogue, Detection  # noqa: E402
from caltrop.corpus import run as corpus  # noqa: E402
from caltrop.engine.instance import Instance  # noqa: E402
from caltrop.knowledge import layers  # noqa: E402
from tools import company  # noqa: E402

DAY = 86400.0
SOURCES = {
    "sysmon": "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational",
    "wineventlog_security": "XmlWinEventLog:Security",
    "wineventlog_system": "XmlWinEventLog:System",
    "powershell": "XmlWinEventLog:Microsoft-Windows-PowerShell/Operational",
    "wmi_activity": "XmlWinEventLog:Microsoft-Windows-WMI-Activity/Operational",
}
THROUGH = {"process_starts": ("sysmon", "wineventlog_security")}


def days(instance: Instance, count: int) -> list[pl.DataFrame]:
    """As many days of the company as it takes for `count` events, as batches to append."""
    with tempfile.TemporaryDirectory(prefix="caltrop-pack-") as folder:
        company.main([folder])
        scratch = Instance(None, instance.apps)
        scratch.store.create_index("main")
        for path in sorted(Path(folder).iterdir()):
            scratch.add_file(str(path), scratch.import_options())
        scratch.store.flush()
        day = pl.concat([segment.frame.drop("_cd") for segment in scratch.store.segments(["main"])], how="diagonal")
    batches, left = [], count
    number = 0
    while left > 0:
        one = day.head(left) if left < day.height else day
        text = pl.col("_raw").str.replace_all(r"(LogonId'>0x)([0-9a-f]{4,})<", f"${{1}}{number + 1:x}${{2}}<")
        text = text.str.replace_all(r"<EventRecordID>", f"<EventRecordID>{number}")
        batches.append(one.with_columns(text.alias("_raw"), (pl.col("_time") + number * DAY).alias("_time")))
        left -= one.height
        number += 1
    return batches


def sources_of(detection: Detection) -> list[str]:
    """The sources that the first stage of its search reads, by the macros that it calls."""
    called = re.findall(r"`([a-z_0-9]+)`", detection.search.split("\n|")[0])
    names = [name for macro in called for name in THROUGH.get(macro, (macro,))]
    return sorted({SOURCES[name] for name in names if name in SOURCES})


def spent(apps: list[Path], data: Path, search: str, app: str) -> tuple[float, int]:
    """Processor seconds of a search in an instance that has searched nothing, and its rows."""
    instance = Instance(data, apps)
    try:
        began = time.process_time()
        found = instance.search(search, app=app)
        return time.process_time() - began, len(found.table)
    finally:
        instance.store.close()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--only", default="", help="only detections with this in their name")
    options = parser.parse_args()
    catalogue: Catalogue = load(ROOT)
    with tempfile.TemporaryDirectory(prefix="caltrop-pack-") as folder:
        apps = [*layers(), corpus.write_app(catalogue, Path(folder))]
        app = str(catalogue.config.id)
        data = Path(folder) / "data"
        store = Instance(data, apps).store
        store.create_index("main")
        for batch in days(Instance(None, apps), options.events):
            store.append(batch)
        store.flush()
        store.close()
        scans: dict[str, float] = {}
        slow = 0
        sys.stdout.write(
            f"{options.events:,} events, processor seconds\n{'detection':<72}{'search':>8}{'scan':>8}{'ratio':>7}{'rows':>7}\n"
        )
        for detection in catalogue.detections:
            if detection.type == "Correlation" or options.only.lower() not in detection.name.lower():
                continue
            where = " OR ".join(f'source="{source}"' for source in sources_of(detection))
            if where not in scans:
                scans[where], _ = spent(apps, data, f"search {where} | stats count by EventCode", app)
            took, rows = spent(apps, data, corpus.as_command(detection.search), app)
            ratio = took / scans[where]
            slow += ratio > 1
            sys.stdout.write(f"{detection.name:<72}{took:>8.2f}{scans[where]:>8.2f}{ratio:>7.2f}{rows:>7}\n")
            sys.stdout.flush()
    return 1 if slow else 0


if __name__ == "__main__":
    sys.exit(main())

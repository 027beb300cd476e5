"""How fast logs become events, events become durable, and durable events get their fields: events and megabytes a second, and
memory against raw bytes. The last rows are Windows events searched for the first time, with the repository's add-ons and with
many more, beside parsing their XML and nothing else, and how long the add-ons take to load.

    python benchmarks/index.py [EVENTS]

All data is made here. Every line is one reader in a process of its own, so that its peak memory is its own.
"""

from __future__ import annotations

import multiprocessing
import resource
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import polars as pl

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks import vendors
from caltrop.engine.instance import Instance
from caltrop.index import Store
from caltrop.index.importers import ImportOptions, read
from caltrop.knowledge import Configuration, Knowledge, layers
from caltrop.splunkd.server import Server
from caltrop.splunkd.wire.http import Request

XML = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='Microsoft-Windows-Sysmon'/>"
    "<EventID>1</EventID><TimeCreated SystemTime='2024-03-01T{time}.000000000Z'/><Channel>Microsoft-Windows-Sysmon/Operational"
    "</Channel><Computer>pc{n}</Computer></System><EventData><Data Name='Image'>C:\\Windows\\System32\\cmd.exe</Data>"
    "<Data Name='CommandLine'>cmd.exe /c whoami /all {n}</Data></EventData></Event>"
)
LINES: dict[str, str] = {
    "raw": "2024-03-01 {time} host{n} sshd[{n}]: Accepted password for user from 10.0.0.1 port 22 ssh2, and a little more",
    "json": '{{"time":"2024-03-01T{time}Z","user":"u{n}","action":"login","src":"10.0.0.1","detail":{{"a":"xxxxxxxx","b":[1,2]}}}}',
    "xml": XML,
    "csv": "2024-03-01 {time},u{n},10.0.0.1,allow,{n}",
    "nxlog": '{{"EventTime":"2024-03-01 {time}","Hostname":"pc{n}","EventID":4688,"SourceName":"Microsoft-Windows-Security-Auditing",'
    '"Channel":"Security","RecordNumber":{n},"ThreadID":4,"NewProcessName":"C:\\\\Windows\\\\cmd.exe","CommandLine":"cmd /c {n}"}}',
}


def write(path: Path, kind: str, events: int) -> None:
    with path.open("w") as file:
        if kind == "csv":
            file.write("time,user,src,action,bytes\n")
        for n in range(events):
            file.write(
                LINES[kind].format(time=f"{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}", n=n % 10_000) + "\n"
            )


def importer(kind: str, events: int, folder: Path) -> tuple[int, int, float]:
    path = folder / f"log.{kind}"
    write(path, kind, events)
    start = time.perf_counter()
    count = sum(frame.height for frame in read(path, ImportOptions()))
    return count, path.stat().st_size, time.perf_counter() - start


def bulk(events: int, folder: Path, data: Path | None) -> tuple[int, int, float]:
    path = folder / "log.raw"
    write(path, "raw", events)
    store = Store(data)
    store.create_index("main")
    start = time.perf_counter()
    for frame in read(path, ImportOptions()):
        store.append(frame)
    return store.info("main").count, path.stat().st_size, time.perf_counter() - start


def collector(requests: int, events: int, folder: Path) -> tuple[int, int, float]:
    """Requests of so many events each, answered as the server answers them, without the wire."""
    server = Server(folder)
    server.create_hec_token("benchmark", "token", index="main")
    event = b'{"event":{"user":"ann","action":"login"},"time":1700000000,"fields":{"k":"v"}}'
    headers = {"authorization": "Splunk token"}
    start = time.perf_counter()
    for _ in range(requests):
        request = Request("POST", "/services/collector/event", headers=headers, body=event * events)
        answer = server.daemon.collector.handle(request)
        assert answer.status == 200, answer.body
    seconds = time.perf_counter() - start
    count = server.daemon.state.store.info("main").count
    server.stop()
    return count, requests * events * len(event), seconds


def windows(events: int) -> pl.DataFrame:
    """Process creations as the Windows add-ons know them."""
    raw = [XML.format(time=f"{n // 3600 % 24:02}:{n // 60 % 60:02}:{n % 60:02}", n=n) for n in range(events)]
    source = "XmlWinEventLog:Microsoft-Windows-Sysmon/Operational"
    kind = {"index": "main", "sourcetype": "XmlWinEventLog", "source": source, "host": "pc"}
    return pl.DataFrame({"_time": [1.7e9 - n for n in range(events)], "_raw": raw, **kind})


def parsed(events: int) -> tuple[int, int, float]:
    raw = windows(events)["_raw"]
    start = time.process_time()
    for text in raw:
        ET.fromstring(text)
    return events, int(raw.str.len_bytes().sum()), time.process_time() - start


def extracted(events: int, apps: list[Path], search: str) -> tuple[int, int, float]:
    """Processor time of the first search over events that no search has seen."""
    instance = Instance(apps=apps)
    instance.store.create_index("main")
    frame = windows(events)
    instance.store.append(frame)
    instance.store.flush()
    instance.search("index=main earliest=1 latest=2", now=1.8e9)
    start = time.process_time()
    found = instance.search(search, now=1.8e9)
    assert found.events_scanned == events, found.messages
    return events, int(frame["_raw"].str.len_bytes().sum()), time.process_time() - start


def loaded(name: str, apps: list[Path]) -> None:
    """Processor time until fields of the first events can be extracted."""
    start = time.process_time()
    known = Knowledge(Configuration(apps), "search")
    digest = known.fingerprint
    known.plans("XmlWinEventLog:Microsoft-Windows-Sysmon/Operational", "XmlWinEventLog", "pc")
    assert digest and known.eventtypes
    print(
        f"{name:32} {time.process_time() - start:>9.3f} s for {len(apps)} add-ons, {len(known.eventtypes)} event types"
    )


def run(name: str, work: Callable[[Path], tuple[int, int, float]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        count, size, seconds = work(Path(folder))
        peak = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - idle) * 1024
    print(
        f"{name:32} {count:>9,} events {count / seconds:>11,.0f} events/s {size / seconds / 1e6:>7.1f} MB/s"
        f"   peak memory {peak / size:4.1f} x raw"
    )


def main() -> None:
    events = int(sys.argv[1]) if len(sys.argv) > 1 else 200_000
    work: dict[str, Callable[[Path], tuple[int, int, float]]] = {
        **{f"import {kind}": lambda folder, kind=kind: importer(kind, events, folder) for kind in LINES},  # type: ignore[misc]
        "import raw, store in memory": lambda folder: bulk(events, folder, None),
        "import raw, store on disk": lambda folder: bulk(events, folder, folder / "store"),
        "HEC, one event a request": lambda folder: collector(max(1, events // 200), 1, folder),
        "HEC, 1,000 events a request": lambda folder: collector(max(1, events // 4000), 1000, folder),
    }
    new, every = min(events, 20_000), "index=main | table *"
    work |= {
        "XML parsed, nothing else": lambda folder: parsed(new),
        "fields, what stats reads": lambda folder: extracted(new, layers(), "index=main | stats count by EventCode"),
        "fields, all of them": lambda folder: extracted(new, layers(), every),
        f"fields, all, {vendors.COUNT} more add-ons": lambda folder: extracted(
            new, [*layers(), *vendors.write(folder)], every
        ),
    }
    context = multiprocessing.get_context("fork")
    for name, job in work.items():
        process = context.Process(target=run, args=(name, job))
        process.start()
        process.join()
    with tempfile.TemporaryDirectory() as folder:
        loaded("loading our add-ons", layers())
        loaded(f"loading {vendors.COUNT} add-ons", vendors.write(Path(folder)))


if __name__ == "__main__":
    main()

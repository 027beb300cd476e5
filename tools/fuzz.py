"""Input that nobody would write, against everything that reads input of others; what it finds becomes a test.

    python -m tools.fuzz [--seconds 60] [--seed N] [TARGET ...]

Each target runs for the time given. An input is a seed that has been changed: bytes flipped, cut, doubled, pieces of other seeds
and words of the language put in. An answer may be an error of ours that names what is wrong; anything else (another exception, a
500, a result that takes longer than its limit) is a find, and is printed cut down to what still shows it.
"""

from __future__ import annotations

import argparse
import io
import json
import random
import sys
import tarfile
import tempfile
import time
import traceback
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlencode

import polars as pl
import yaml

from caltrop.dialect import conf
from caltrop.engine import chunked
from caltrop.engine.budget import Limits, Stop
from caltrop.engine.errors import Cancelled
from caltrop.engine.instance import Instance
from caltrop.errors import CaltropError
from caltrop.index import hec, importers
from caltrop.index.importers import ImportOptions
from caltrop.knowledge import install_app
from caltrop.spl import known_commands, parse, unparse
from caltrop.splunkd import endpoints
from caltrop.splunkd.daemon import Daemon
from caltrop.splunkd.inprocess import Client
from caltrop.splunkd.rest import collection
from tools import evtx_file

ROOT = Path(__file__).resolve().parents[1]
SLOW_SECONDS = 20.0
Run = Callable[[bytes], object]


@dataclass(frozen=True, slots=True)
class Target:
    """`run` takes an input and may raise `CaltropError`, nothing else."""

    seeds: Sequence[bytes]
    words: Sequence[bytes]
    run: Run


@dataclass(slots=True)
class Outcome:
    runs: int = 0
    refused: int = 0
    finds: list[tuple[str, bytes]] = field(default_factory=list)


def mutated(target: Target, dice: random.Random) -> bytes:
    data = bytearray(dice.choice(target.seeds))
    for _ in range(dice.choice((0, 1, 1, 2, 3, 8))):
        at = dice.randrange(len(data) + 1)
        end = min(len(data), at + dice.choice((1, 1, 2, 8, 60)))
        kind = dice.randrange(7)
        if kind == 0 and data:
            data[min(at, len(data) - 1)] ^= 1 << dice.randrange(8)
        elif kind == 1:
            del data[at:end]
        elif kind == 2:
            data[at:at] = data[at:end] * dice.choice((1, 2, 50))
        elif kind == 3 and target.words:
            data[at:at] = dice.choice(target.words)
        elif kind == 4:
            other = dice.choice(target.seeds)
            start = dice.randrange(len(other) + 1)
            data[at:end] = other[start : start + dice.choice((4, 40, 400))]
        elif kind == 5:
            data[at:end] = bytes(
                dice.choice(b"\x00\xff\"'`|[]{}()\\%$*,=\n\r\t 09aZ-") for _ in range(dice.randrange(6))
            )
        else:
            data[at:at] = dice.choice(
                (b"9" * 30, b"-1", b"1e999", b"\xed\xa0\x80", "\u202e\U0001f600".encode(), b"\x00")
            )
    return bytes(data)


def fault(run: Run, data: bytes) -> str | None:
    """What went wrong, in one line that is the same for the same fault; "" for a refusal."""
    began = time.monotonic()
    try:
        run(data)
    except CaltropError:
        return ""
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        place = traceback.extract_tb(error.__traceback__)[-1]
        ours = [f for f in traceback.extract_tb(error.__traceback__) if "/caltrop/" in f.filename]
        where = ours[-1] if ours else place
        return f"{type(error).__name__} at {Path(where.filename).name}:{where.name}"
    seconds = time.monotonic() - began
    return f"took {seconds:.0f} s" if seconds > SLOW_SECONDS else None


def smaller(run: Run, data: bytes, what: str, seconds: float = 5.0) -> bytes:
    """The input without what the fault does not need."""
    until = time.monotonic() + seconds
    step = len(data) // 2
    while step and time.monotonic() < until:
        at = 0
        while at < len(data) and time.monotonic() < until:
            shorter = data[:at] + data[at + step :]
            if fault(run, shorter) == what:
                data = shorter
            else:
                at += step
        step //= 2
    return data


def fuzz(target: Target, seconds: float, dice: random.Random) -> Outcome:
    outcome, known = Outcome(), set[str]()
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        data = mutated(target, dice)
        outcome.runs += 1
        what = fault(target.run, data)
        if what == "":
            outcome.refused += 1
        elif what is not None and what not in known:
            known.add(what)
            outcome.finds.append((what, smaller(target.run, data, what)))
    return outcome


# --- targets ----------------------------------------------------------------------------------------------------------


def _searches() -> list[str]:
    found = []
    for path in sorted((ROOT / "tests" / "conformance").rglob("*.yaml"))[:40]:
        for case in yaml.safe_load(path.read_text()) or []:
            if isinstance(case, dict) and isinstance(case.get("search"), str):
                found.append(case["search"])
    return found


def spl() -> Iterator[Target]:
    """Reading, printing and reading again."""

    def run(data: bytes) -> None:
        tree = parse(data.decode("utf-8", "replace"))
        text = unparse(tree)
        if unparse(parse(text)) != text:
            raise AssertionError("printed twice, it differs")

    words = [f"| {name} ".encode() for name in known_commands()]
    yield Target([s.encode() for s in _searches()], words, run)


def search() -> Iterator[Target]:
    """Running, within small limits."""
    instance = Instance(now=1_700_000_000.0, limits=Limits(rows=50_000, memory=64 << 20, value=1 << 20))
    instance.store.create_index("main")
    rows = {
        "_time": [1_700_000_000.0 - i for i in range(50)],
        "_raw": [f'n={i} user=u{i % 5} j={{"a": [{i}]}}' for i in range(50)],
    }
    instance.store.append(pl.DataFrame({**rows, "index": "main", "sourcetype": "st", "host": "h", "source": "s"}))

    def run(data: bytes) -> None:
        try:
            instance.search(data.decode("utf-8", "replace"), stop=Stop(10))
        except Cancelled:
            raise AssertionError("it does not end within 10 s") from None

    yield Target([s.encode() for s in _searches()], [b"| eval x=", b"| stats ", b" by ", b"(", b'"'], run)


def configuration() -> Iterator[Target]:
    """Conf files."""
    seeds = [p.read_bytes()[:4_000] for p in sorted((ROOT / "addons").rglob("*.conf"))[:60]]

    def run(data: bytes) -> None:
        with tempfile.NamedTemporaryFile(suffix=".conf") as file:
            file.write(data)
            file.flush()
            conf.read(Path(file.name)).settings()

    yield Target(seeds, [b"[", b"]", b"\\\n", b" = ", b"[default]\n"], run)


def _importing(seeds: Sequence[bytes], words: Sequence[bytes], form: str) -> Target:
    def run(data: bytes) -> None:
        for frame in importers.read(data, ImportOptions(format=form, on_problem=lambda _: None)):
            frame.height  # noqa: B018

    return Target(seeds, words, run)


def evtx() -> Iterator[Target]:
    """Windows event logs: written here, and the beginnings of those that are at hand."""
    seeds = [evtx_file.write([EVENT] * count) for count in (1, 3)]
    for archive in sorted((ROOT.parent / "shared").rglob("*evtx*.zip")):
        with zipfile.ZipFile(archive) as files:
            for name in (n for n in files.namelist() if n.lower().endswith(".evtx")):
                with files.open(name) as file:
                    seeds.append(file.read(evtx_file.HEADER_BYTES + evtx_file.CHUNK_BYTES))
    yield _importing(seeds, [b"ElfFile\0", b"ElfChnk\0", b"**\0\0", b"\x0f\x01\x01\0", b"\xff\xff\xff\xff"], "evtx")


EVENT = (
    "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider Name='P'/><EventID>4688</EventID>"
    "<TimeCreated SystemTime='2023-11-14T22:13:20.000000Z'/><Channel>Security</Channel><Computer>c</Computer></System>"
    "<EventData><Data Name='a'>one</Data></EventData></Event>"
)


def anything() -> Iterator[Target]:
    """Files of unknown format."""
    seeds = [b'{"a": 1}\n{"a": 2}\n', b"<Event><System/></Event>", b"a,b\n1,2\n", b"type=SYSCALL msg=audit(1.2:3): a=1\n",
             b"2024-01-01 00:00:00 x\n", b"\x1f\x8b\x08\x00\x00", b"PK\x03\x04"]  # fmt: skip
    yield _importing(
        seeds, [b"<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'>", b"{", b"\n"], "auto"
    )


def collector() -> Iterator[Target]:
    """Bodies of the HTTP Event Collector."""
    seeds = [json.dumps({"event": "x", "time": 1.5, "fields": {"a": ["b", "c"]}, "host": "h"}).encode(),
             b'{"event": {"a": 1}}{"event": "y", "index": "main"}', b'[{"event": 1}]']  # fmt: skip

    def run(data: bytes) -> None:
        for _ in hec.decode(data):
            continue

    yield Target(seeds, [b'"event"', b'"time"', b'"fields"', b"{", b"}", b"null", b"[[[[["], run)


@contextmanager
def _daemon() -> Iterator[Client]:
    with tempfile.TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), password="fuzz password", addons=())
        try:
            yield Client(daemon).basic("admin", "fuzz password")
        finally:
            daemon.stop()


def rest() -> Iterator[Target]:
    """Requests to the management API: `METHOD path?arguments`, a line each."""
    endpoints.load()
    paths = [
        p for p in sorted({*collection.routes, *collection.collections}) if "control" not in p and "conf-*" not in p
    ]
    seeds = []
    for path in paths:
        for method in ("GET", "POST", "DELETE"):
            for below in ("", "/x", "/_new", "/x/acl"):
                form = urlencode(
                    {"name": "x", "output_mode": "json", "search": "| makeresults", "count": 5, "sharing": "app"}
                )
                seeds.append(f"{method} /services/{path}{below}?{form}".encode())
    words = [
        b"&count=",
        b"&offset=-1",
        b"&f=",
        b"&search=",
        b"&output_mode=",
        b"&sort_key=",
        b"%00",
        b"%2F..%2F",
        b"&eai:acl.owner=",
    ]
    with _daemon() as client:

        def run(data: bytes) -> None:
            line = data.decode("utf-8", "replace").replace("\n", " ")
            method, _, rest_ = line.partition(" ")
            target, _, query = rest_.partition("?")
            body = query.encode() if method == "POST" else b""
            answer = client.raw(method or "GET", target or "/", query if method != "POST" else "", body)
            # 503 is what a standalone Splunk says of roles that it does not play.
            if answer.status >= 500 and answer.status != 503:
                raise AssertionError(f"{answer.status}: {answer.body[:160]!r}")

        yield Target(seeds, words, run)


def protocol() -> Iterator[Target]:
    """What custom commands answer."""
    frame = pl.DataFrame({"a": ["1", "x,y", None], "b": [["p", "q"], None, ["$"]]})

    def run(data: bytes) -> None:
        chunked.decode(data)

    yield Target([chunked.encode(frame), b"a,__mv_a\n1,$1$;$2$\n"], [b"__mv_", b"$;$", b'"', b"\n"], run)


def packages() -> Iterator[Target]:
    """App packages."""

    def package(names: Sequence[str]) -> bytes:
        out = io.BytesIO()
        with tarfile.open(fileobj=out, mode="w") as tar:
            for name in names:
                info = tarfile.TarInfo(name)
                content = b"[launcher]\nversion = 1\n"
                info.size = len(content)
                tar.addfile(info, io.BytesIO(content))
        return out.getvalue()

    seeds = [
        package(["app/default/app.conf", "app/bin/x.py"]),
        package(["app/default/app.conf", "app/" + "d/" * 2_000 + "x"]),
    ]

    def run(data: bytes) -> None:
        with tempfile.TemporaryDirectory() as folder:
            file, apps = Path(folder) / "a.spl", Path(folder) / "apps"
            apps.mkdir()
            file.write_bytes(data)
            try:
                install_app(file, apps)
            finally:
                outside = [p.name for p in Path(folder).iterdir() if p.name not in {"a.spl", "apps"}]
                if outside:
                    raise AssertionError(f"it wrote outside its folder: {outside}")

    yield Target(seeds, [b"../", b"/etc/", b"app/local/"], run)


TARGETS: dict[str, Callable[[], Iterator[Target]]] = {
    made.__name__: made
    for made in (spl, search, configuration, evtx, anything, collector, rest, protocol, packages)
}  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("targets", nargs="*", choices=[[], *TARGETS], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60.0, help="For each target.")
    parser.add_argument("--seed", type=int, default=int(time.time()))
    given = parser.parse_args()
    found = 0
    for name in given.targets or TARGETS:
        targets = contextmanager(TARGETS[name])
        try:
            with targets() as target:
                outcome = fuzz(target, given.seconds, random.Random(f"{given.seed} {name}"))
        except RuntimeError as error:
            if "didn't yield" not in str(error):
                raise
            print(f"{name}: skipped, there is no seed")
            continue
        found += len(outcome.finds)
        print(f"{name}: {outcome.runs} inputs, {outcome.refused} refused, {len(outcome.finds)} finds", flush=True)
        for what, data in outcome.finds:
            print(f"  {what}: {data[:300]!r}", flush=True)
    print(f"seed {given.seed}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())

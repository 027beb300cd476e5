"""`caltrop data`: the data sets that the tests of a repository name, where they are, and getting them here."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from caltrop.cli.options import attack_data_option
from caltrop.cli.progress import Bar, bar
from caltrop.errors import CaltropError

if TYPE_CHECKING:
    from caltrop.content.model import AttackData
    from caltrop.replay.clone import Clone

State = Literal["repository", "clone", "downloaded", "pointer", "missing", "not here"]
names_argument = click.argument("names", nargs=-1, metavar="[NAME]...")
content_option = click.option(
    "--content", type=click.Path(file_okay=False, path_type=Path), default=Path(), help="Content repository."
)


@dataclass(frozen=True, slots=True)
class DataSet:
    """One data set, of the tests of these detections. `path` is where its bytes are, or a pointer to them."""

    data: AttackData
    state: State
    path: Path | None
    detections: tuple[str, ...]

    @property
    def here(self) -> bool:
        return self.state in ("repository", "clone", "downloaded")


@dataclass(frozen=True, slots=True)
class Stock:
    """The data sets of a repository, and where they are looked for."""

    root: Path
    cache: Path
    clones: tuple[Clone, ...]
    sets: tuple[DataSet, ...]


@click.group(short_help="Fetch, list and verify the data sets of tests.")
def command() -> None:
    """Work with the data sets that tests name.

    A URL is looked for in --attack-data, in the folders of `data_cache` in app.yml, in what was downloaded before
    (.cache/datasets, by sha256), and last on the network.

    \b
    caltrop data list
    caltrop data fetch
    """


@command.command("list")
@names_argument
@content_option
@attack_data_option
@click.option("--format", "layout", type=click.Choice(["text", "json"]), default="text", show_default=True)
def list_command(names: tuple[str, ...], content: Path, attack_data: tuple[Path, ...], layout: str) -> None:
    """Every data set once: where it is, its size, and how many detections use it.

    NAME is a detection's name, id or file, or a folder of them.
    """
    stock = _stock(content, names, attack_data)
    if layout == "json":
        rows = [
            {
                "data": one.data.data,
                "state": one.state,
                "path": str(one.path) if one.path else None,
                "size": one.path.stat().st_size if one.here and one.path else None,
                "sha256": one.data.sha256 or None,
                "detections": list(one.detections),
            }
            for one in stock.sets
        ]
        click.echo(json.dumps(rows, indent=1))
        return
    for one in stock.sets:
        size = f"{one.path.stat().st_size:,}" if one.here and one.path else "-"
        click.echo(f"{one.state:<10} {size:>15} {len(one.detections):>5}  {one.data.data}")
    _sum(stock)


@command.command("fetch")
@names_argument
@content_option
@attack_data_option
def fetch_command(names: tuple[str, ...], content: Path, attack_data: tuple[Path, ...]) -> int:
    """Download what is not here. A download that was cut goes on where it stopped. Exit code 1 when one cannot be had.

    NAME is a detection's name, id or file, or a folder of them.
    """
    from caltrop.replay.datasets import is_url, resolve

    stock = _stock(content, names, attack_data)
    wanted = [one for one in stock.sets if is_url(one.data) and not one.here]
    failed = 0
    for number, one in enumerate(wanted, 1):
        try:
            with bar(f"{number} of {len(wanted)}  {Path(one.data.data).name}", None, unit="bytes") as shown:
                seen = [0]

                def progress(so_far: int, total: int | None, shown: Bar = shown, seen: list[int] = seen) -> None:
                    shown.total(total)
                    shown.advance(so_far - seen[0])
                    seen[0] = so_far

                found = resolve(one.data, stock.root, stock.cache, clones=stock.clones, progress=progress)
        except CaltropError as error:
            failed += 1
            click.echo(f"{error}" + (f" ({error.hint})" if error.hint else ""), err=True)
            continue
        click.echo(f"{found.path.stat().st_size:>15,}  {one.data.data}")
    missing = [one for one in stock.sets if one.state == "missing"]
    for one in missing:
        click.echo(f"{one.data.data} is not in the repository", err=True)
    click.echo(
        f"{len(wanted) - failed} fetched, {sum(one.here for one in stock.sets)} were here, {failed + len(missing)} not to be had"
    )
    return 1 if failed or missing else 0


@command.command("verify")
@names_argument
@content_option
@attack_data_option
def verify_command(names: tuple[str, ...], content: Path, attack_data: tuple[Path, ...]) -> int:
    """Check what is here against the pins of tests, and what was downloaded against its sha256. Exit code 1 when something is not
    what it should be.

    NAME is a detection's name, id or file, or a folder of them.
    """
    from caltrop.replay.datasets import check
    from caltrop.replay.downloads import Downloads

    stock = _stock(content, names, attack_data)
    wrong = 0
    here = [one for one in stock.sets if one.here]
    with bar("checking", len(here)) as shown:
        for one in here:
            assert one.path is not None
            try:
                check(one.path, one.data)
            except CaltropError as error:
                wrong += 1
                click.echo(f"{one.path}: {error}" + (f" ({error.hint})" if error.hint else ""))
            shown.advance()
    for path in Downloads(stock.cache).damaged():
        wrong += 1
        click.echo(f"{path}: is not what was downloaded (delete it, and fetch it again)")
    pinned = sum(bool(one.data.sha256) for one in here)
    click.echo(f"{len(here)} of {len(stock.sets)} data sets are here, {pinned} of them pinned by sha256; {wrong} wrong")
    return 1 if wrong else 0


def _sum(stock: Stock) -> None:
    counts = Counter(one.state for one in stock.sets)
    told = ", ".join(f"{number} {state}" for state, number in sorted(counts.items()))
    click.echo(f"{len(stock.sets)} data sets: {told or 'none'}")
    pointers = [one for one in stock.sets if one.state == "pointer"]
    if pointers:
        click.echo(
            f"{len(pointers)} are Git LFS pointers: run git lfs pull in the clone, or caltrop data fetch", err=True
        )


def _stock(content: Path, names: tuple[str, ...], attack_data: tuple[Path, ...]) -> Stock:
    from caltrop.content import load
    from caltrop.replay.clone import clones
    from caltrop.testing.choice import choose

    choice = choose(content, names)
    catalogue = load(content, checks=False, only=choice.names)
    cache = content / ".cache" / "datasets"
    where = clones(catalogue.config.data_cache, content, attack_data)
    users: dict[str, list[str]] = {}
    found: dict[str, AttackData] = {}
    for detection in catalogue.detections:
        for test in detection.tests:
            for item in (*test.attack_data, *test.benign, *test.fallback):
                known = users.setdefault(item.data, [])
                if detection.name not in known:
                    known.append(detection.name)
                if item.sha256 or item.data not in found:
                    found[item.data] = item
    sets = (_placed(item, content, cache, where, tuple(users[name])) for name, item in sorted(found.items()) if name)
    return Stock(content, cache, where, tuple(sets))


def _placed(
    item: AttackData, root: Path, cache: Path, where: tuple[Clone, ...], detections: tuple[str, ...]
) -> DataSet:
    from caltrop.replay.clone import find, is_pointer, pointer_of
    from caltrop.replay.datasets import is_url
    from caltrop.replay.downloads import Downloads

    if not is_url(item):
        path = root / item.data
        if not path.is_file():
            return DataSet(item, "missing", None, detections)
        return DataSet(item, "pointer" if is_pointer(path) else "repository", path, detections)
    located = find(item.data, where)
    if located is not None and located.state == "here":
        return DataSet(item, "clone", located.path, detections)
    pointer = pointer_of(located.path) if located is not None and located.path is not None else None
    path_or_none = Downloads(cache).find(item.data, item.sha256 or (pointer.sha256 if pointer else ""))
    if path_or_none is not None:
        return DataSet(item, "downloaded", path_or_none, detections)
    if located is not None:
        return DataSet(item, "pointer", located.path, detections)
    return DataSet(item, "not here", None, detections)

"""Data that commands search over: files and standard input into an instance, with lookups handed in."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from caltrop.cli.progress import waiting
from caltrop.errors import CaltropError, Location

if TYPE_CHECKING:
    from caltrop.engine.instance import Instance

STDIN = "-"


@contextmanager
def loaded(
    data: Sequence[str],
    apps: Sequence[Path],
    lookups: Sequence[Path] = (),
    *,
    addons: bool = True,
    now: float | None = None,
    windows: str = "xml",
    **overrides: Any,
) -> Iterator[Instance]:
    """An instance with the events of `data` (`-`: standard input); faults of the data go to stderr. `overrides` are ImportOptions."""
    from caltrop.engine.instance import Instance
    from caltrop.knowledge import app_folders, kept_to_itself

    with app_folders(apps, addons=addons) as folders, _lookup_app(lookups) as own:
        instance = Instance(None, [*folders, *own], now=now)
        instance.store.create_index("main")
        for folder in folders[len(folders) - len(apps) :]:
            if kept_to_itself(instance.config, folder.name):
                click.echo(
                    f"{folder.name}: its search-time settings count in its own searches alone, so not in this one: "
                    "metadata/default.meta says no export = system",
                    err=True,
                )
        options = instance.import_options(
            windows="classic" if windows == "classic" else "xml",
            on_problem=lambda problem: click.echo(str(problem), err=True),
            **overrides,
        )
        for path in data:
            with waiting(f"reading {'standard input' if path == STDIN else path}"):
                if path == STDIN:
                    count = instance.add_file(_stdin(), options, name="stdin")
                else:
                    count = instance.add_file(path, options)
            if not count:
                click.echo(f"{path}: no events", err=True)
        yield instance


def _stdin() -> Any:
    if sys.stdin.isatty():
        raise CaltropError(
            "--data - reads standard input, which is this terminal", hint="pipe something in: zcat x | caltrop …"
        )
    return sys.stdin.buffer


@contextmanager
def _lookup_app(lookups: Sequence[Path]) -> Iterator[list[Path]]:
    """An app with these lookup files, each by its name and, as a definition, without its ending."""
    if not lookups:
        yield []
        return
    with tempfile.TemporaryDirectory(prefix="caltrop-lookups-") as scratch:
        app = Path(scratch) / "command_line_lookups"
        for name in ("default", "lookups", "metadata"):
            (app / name).mkdir(parents=True)
        stanzas = []
        for path in lookups:
            if path.suffix.lower() != ".csv":
                raise CaltropError("a lookup is a CSV file", location=Location(str(path)), hint="call it NAME.csv")
            target = app / "lookups" / path.name
            if target.exists():
                raise CaltropError(
                    f"two lookups are called {path.name}", location=Location(str(path)), hint="rename one of them"
                )
            target.write_bytes(path.read_bytes())
            stanzas.append(f"[{path.stem}]\nfilename = {path.name}\n")
        (app / "default" / "transforms.conf").write_text("\n".join(stanzas), encoding="utf-8")
        (app / "metadata" / "default.meta").write_text("[]\nexport = system\n", encoding="utf-8")
        yield [app]

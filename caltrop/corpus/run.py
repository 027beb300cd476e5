"""Every detection of a content repository, run over data: one line a detection, errors grouped by cause.

The repository is rendered into an app as `caltrop build` does, installed into an instance in memory beside the add-ons,
and each search runs over all time.
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from caltrop.content import Catalogue, Detection
from caltrop.engine.instance import Instance
from caltrop.engine.table import render
from caltrop.errors import CaltropError
from caltrop.knowledge.files import write_conf
from caltrop.render import app_files

_MACRO = re.compile(r"\s*([\w.-]+)\s*(?:\(([^)]*)\))?\s*=(.*)", re.DOTALL)
INDEXES = ("main", "risk", "notable", "summary")
KEEP = 2 << 30  # bytes of extracted fields: hundreds of searches run over one capture, and then it is over


@dataclass(slots=True)
class Run:
    """One detection's run. `rows` are filled when asked for."""

    id: str
    name: str
    hits: int = 0
    milliseconds: float = 0.0
    error: str | None = None
    cause: str | None = None  # the error without what is particular to this detection
    rows: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, *, rows: bool) -> dict[str, Any]:
        value: dict[str, Any] = {
            "id": self.id,
            "name": self.name,
            "hits": self.hits,
            "milliseconds": round(self.milliseconds, 3),
            "error": self.error,
        }
        return value | {"rows": self.rows} if rows else value


@contextmanager
def instance_of(
    catalogue: Catalogue,
    data: Sequence[str],
    apps: Sequence[Path],
    macros: Sequence[str] = (),
    *,
    windows: str = "xml",
) -> Iterator[tuple[Instance, int]]:
    """An instance with the catalogue's app, the other app folders and the data; gives the number of events too."""
    with tempfile.TemporaryDirectory(prefix="caltrop-corpus-") as folder:
        app = write_app(catalogue, Path(folder), views=False)
        if macros:
            (app / "local").mkdir(exist_ok=True)
            write_conf(app / "local" / "macros.conf", dict(map(macro_stanza, macros)))
        instance = Instance(None, [*apps, app], keep=KEEP)
        for name in INDEXES:
            instance.store.create_index(name)
        options = instance.import_options(windows="classic" if windows == "classic" else "xml")
        events = sum(instance.add_file(path, options) for path in data)
        instance.store.flush()  # hundreds of small files are one segment: each that there is costs every search its share
        yield instance, events


def write_app(catalogue: Catalogue, folder: Path, *, views: bool = True) -> Path:
    """The catalogue's app, as `caltrop build` renders it, in a folder of its name. Without its views, and the lookups that
    these show, it is what searches read, for half of the work."""
    if not views:
        config = msgspec.structs.replace(catalogue.config, views=())
        catalogue = msgspec.structs.replace(catalogue, config=config)
    app = folder / str(catalogue.config.id)
    for name, body in app_files(catalogue).items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)
    return app


def macro_stanza(text: str) -> tuple[str, dict[str, str]]:
    """`name=definition` or `name(a,b)=definition` as a macros.conf stanza."""
    found = _MACRO.fullmatch(text)
    if not found:
        raise CaltropError(f"not a macro: {text!r}", hint="write NAME=DEFINITION or NAME(ARG,ARG)=DEFINITION")
    name, arguments, definition = found.groups()
    if arguments is None:
        return name, {"definition": definition.strip()}
    args = [a.strip() for a in arguments.split(",") if a.strip()]
    return f"{name}({len(args)})", {"args": ", ".join(args), "definition": definition.strip()}


def run(instance: Instance, detection: Detection, app: str, *, rows: bool = False) -> Run:
    """Run one detection; an error is a result like any other."""
    result = Run(detection.id, detection.name)
    began = time.perf_counter()
    try:
        found = instance.search(as_command(detection.search), app=app)
        result.hits = len(found.table)
        if rows:
            result.rows = rows_of(found.table.frame)
    except CaltropError as error:
        result.error = " ".join(str(error).split())
        result.cause = cause(error)
    except (RecursionError, MemoryError) as error:
        result.error = result.cause = type(error).__name__
    result.milliseconds = (time.perf_counter() - began) * 1000
    return result


def as_command(search: str) -> str:
    """As saved searches are dispatched: text that begins with no command is a `search`."""
    text = search.strip()
    return text if text.startswith("|") or re.match(r"search\s", text) else f"search {text}"


def rows_of(frame: Any) -> list[dict[str, Any]]:
    """Visible fields of every row; missing ones are left out."""
    columns: Mapping[str, list[Any]] = {
        name: render(frame.get_column(name)).to_list()
        for name in frame.columns
        if not name.startswith("_") or name == "_time"
    }
    return [{name: values[i] for name, values in columns.items() if values[i] is not None} for i in range(frame.height)]


def cause(error: CaltropError) -> str:
    """What went wrong, without positions."""
    return re.sub(r"\s+at \d+:\d+", "", " ".join(error.message.split()))[:200]


def errors_by_cause(runs: Sequence[Run]) -> list[tuple[str, list[Run]]]:
    """Causes with their runs, most frequent first, then by text."""
    groups: dict[str, list[Run]] = {}
    for one in runs:
        if one.cause is not None:
            groups.setdefault(one.cause, []).append(one)
    return sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))

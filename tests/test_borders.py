"""The arrows of docs/architecture.md, checked: who may import whom, read from the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path

import pytest

# room -> rooms it may import (besides itself, caltrop.errors and caltrop.shipped)
ARROWS = {
    "dialect": set(),
    "spl": set(),
    "index": set(),
    "knowledge": set(),
    "analysis": {"spl"},
    "content": {"spl", "analysis"},
    "render": {"content", "spl"},
    "engine": {"spl", "index", "knowledge"},
    "explain": {"spl"},
    "splunkd": {"analysis", "engine", "explain", "explained", "knowledge", "index", "spl"},
    "replay": {"content", "explain", "index", "spl"},
    "cloud": set(),
    "operate": {"analysis", "content", "replay", "spl"},
}

# wing of splunkd -> wings it may import; what lies above them (app, daemon, server) composes, and nothing imports it
WINGS = {
    "wire": set(),
    "console": {"wire"},
    "access": {"wire"},
    "state": {"access", "wire"},
    "intake": {"state", "access", "wire"},
    "searching": {"intake", "state", "access", "wire"},
    "rest": {"searching", "intake", "state", "access", "wire"},
    "endpoints": {"rest", "searching", "intake", "state", "access", "wire"},
}


@cache
def imports(path: Path) -> list[ast.Import | ast.ImportFrom]:
    """The import statements of a file, anywhere in it."""
    return [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Import | ast.ImportFrom)]


def imported(path: Path) -> set[str]:
    """Absolute module names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in imports(path):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif node.module and not node.level:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("room", ARROWS)
def test_rooms_import_only_along_the_arrows(root: Path, room: str) -> None:
    allowed = ARROWS[room] | {room, "children", "dialect", "disk", "errors", "shipped", "__version__"}
    files = list((root / "caltrop" / room).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files
        for name in sorted(imported(path))
        if name.startswith("caltrop.") and name.split(".")[1] not in allowed
    ]
    assert not wrong


@pytest.mark.parametrize("wing", WINGS)
def test_wings_of_splunkd_import_only_along_their_arrows(root: Path, wing: str) -> None:
    folder = root / "caltrop" / "splunkd"
    files = list((folder / wing).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files
        for name in sorted(imported(path))
        if name.startswith("caltrop.splunkd.") and name.split(".")[2] not in WINGS[wing] | {wing}
    ]
    assert not wrong
    assert {p.name for p in folder.iterdir() if (p / "__init__.py").exists()} == set(WINGS), "a wing without a border"


def test_what_ships_inside_splunk_uses_the_standard_library_and_splunklib(root: Path) -> None:
    own = {path.stem for path in (root / "app" / "bin").rglob("*.py")}
    own |= {path.name for path in (root / "app" / "bin").iterdir() if path.is_dir()}
    allowed = set(sys.stdlib_module_names) | own | {"splunklib"}
    files = list((root / "app" / "bin").rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files
        for name in sorted(imported(path))
        if name.split(".")[0] not in allowed
    ]
    assert not wrong


# --- no circle in the house ----------------------------------------------------------------------------------------------


def modules(root: Path) -> dict[str, Path]:
    """Every module of the package by its name."""
    found = {}
    for path in (root / "caltrop").rglob("*.py"):
        parts = path.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def arrows(name: str, path: Path, known: Collection[str]) -> set[str]:
    """The modules of the package that one imports: at its head, inside functions, or for types alone."""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    found: set[str] = set()
    for node in imports(path):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        else:
            base = [*package[: len(package) - node.level + 1], *([node.module] if node.module else [])]
            start = ".".join(base) if node.level else node.module or ""
            found.update(f"{start}.{a.name}" if f"{start}.{a.name}" in known else start for a in node.names)
    return found & set(known) - {name}


def circles(graph: Mapping[str, Collection[str]]) -> list[list[str]]:
    """The sets of nodes that reach one another (Tarjan), sorted."""
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in graph.get(node, ()):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            circle = [stack.pop()]
            while circle[-1] != node:
                circle.append(stack.pop())
            if len(circle) > 1:
                found.append(sorted(circle))

    for node in graph:
        if node not in index:
            visit(node)
    return sorted(found)


def test_circles_are_found() -> None:
    graph = {"a": ["b"], "b": ["c", "d"], "c": ["a"], "d": ["e"], "e": ["d"], "f": ["a"]}
    assert circles(graph) == [["a", "b", "c"], ["d", "e"]]
    assert circles({"a": ["b", "c"], "b": ["c"], "c": []}) == []


def test_imports_of_every_kind_count(tmp_path: Path) -> None:
    source = tmp_path / "x.py"
    source.write_text(
        "from typing import TYPE_CHECKING\nimport caltrop.a.b\nif TYPE_CHECKING:\n    from caltrop.a import c\n"
        "def f():\n    from . import d\n    from ..e import name\n    import polars\n"
    )
    known = ["caltrop.a.b", "caltrop.a.c", "caltrop.a.d", "caltrop.e", "caltrop.a.x"]
    assert arrows("caltrop.a.x", source, known) == {"caltrop.a.b", "caltrop.a.c", "caltrop.a.d", "caltrop.e"}


def test_no_modules_import_one_another(root: Path) -> None:
    """Imports for types alone and those inside functions count too: they only hide that two files are one."""
    known = modules(root)
    assert circles({name: arrows(name, path, known) for name, path in known.items()}) == []


# --- what a start imports ---------------------------------------------------------------------------------------------------

HEAVY = ("polars", "starlette", "uvicorn", "splunklib", "jinja2", "caltrop.engine", "caltrop.splunkd", "caltrop.replay")
NOTHING: frozenset[str] = frozenset()
# command line -> which of the heavy modules it may import
STARTS = {
    "--version": NOTHING,
    "--help": NOTHING,
    "validate": NOTHING,
    "spl check --help": NOTHING,
    "build --help": NOTHING,
    "build --out {scratch}": frozenset({"jinja2"}),
    "test --help": NOTHING,
    "serve --help": NOTHING,
    "search --help": NOTHING,
}


@pytest.mark.parametrize("line", STARTS)
def test_a_start_imports_what_it_needs(root: Path, tmp_path: Path, line: str) -> None:
    code = (
        "import sys\nfrom caltrop.cli import main\ncode = main(sys.argv[1:])\n"
        f"print('ended', code, *[m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr)\n"
    )
    run = subprocess.run(
        [sys.executable, "-c", code, *line.format(scratch=tmp_path).split()],
        cwd=root, capture_output=True, text=True, timeout=60, check=True, input="index=main",
    )  # fmt: skip
    ended, status, *imports = run.stderr.strip().splitlines()[-1].split()
    assert (ended, status) == ("ended", "0"), run.stderr
    assert set(imports) <= STARTS[line]

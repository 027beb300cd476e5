"""The arrows of docs/architecture.md, checked: who may import whom, read from the source."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

# room -> rooms it may import (besides itself and caltrop.errors)
ARROWS = {
    "dialect": set(),
    "spl": set(),
    "index": set(),
    "knowledge": set(),
    "content": {"spl"},
    "render": {"content", "spl"},
    "engine": {"spl", "index", "knowledge"},
    "splunkd": {"engine", "knowledge", "index", "spl"},
    "replay": {"content", "index"},
}

# wing of splunkd -> wings it may import; what lies above them (app, daemon, server) composes, and nothing imports it
WINGS = {
    "wire": set(),
    "access": {"wire"},
    "state": {"access", "wire"},
    "intake": {"state", "access", "wire"},
    "searching": {"intake", "state", "access", "wire"},
    "rest": {"searching", "intake", "state", "access", "wire"},
    "endpoints": {"rest", "searching", "intake", "state", "access", "wire"},
}


def imported(path: Path) -> set[str]:
    """Absolute module names that a file imports, anywhere in it."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


@pytest.mark.parametrize("room", ARROWS)
def test_rooms_import_only_along_the_arrows(root: Path, room: str) -> None:
    allowed = ARROWS[room] | {room, "dialect", "errors", "__version__"}
    files = list((root / "caltrop" / room).rglob("*.py"))
    assert files
    wrong = [
        f"{path.relative_to(root)} imports {name}"
        for path in files
        for name in sorted(imported(path))
        if name.startswith("caltrop.") and name.split(".")[1] not in allowed
    ]
    assert not wrong


def arrows(folder: Path, package: str) -> dict[str, set[str]]:
    """The modules of a folder and those among them that each imports, anywhere in its text."""
    files = {
        ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in folder.rglob("*.py")
    }
    found: dict[str, set[str]] = {}
    for module, path in files.items():
        needs = {name if name in files else name.rpartition(".")[0] for name in imported(path)}
        found[module] = needs & files.keys() - {module}
    return found


@pytest.mark.parametrize("room", ["spl", "index"])
def test_no_room_has_a_circle(root: Path, room: str) -> None:
    """Imports for types alone and those inside functions count."""
    left = arrows(root / "caltrop" / room, f"caltrop.{room}")
    assert left
    while free := {module for module, needs in left.items() if not needs & left.keys()}:
        left = {module: needs for module, needs in left.items() if module not in free}
    assert not left, f"a circle among {sorted(left)}"


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

"""A content repository -> `Catalogue`: read every file, bring it into the model, then check it as a whole."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec

from caltrop.content import objects, reader, schema
from caltrop.content.config import load_config
from caltrop.content.model import Catalogue, Detection, Test
from caltrop.content.problems import Problem
from caltrop.content.rules import settle
from caltrop.content.source import Document
from caltrop.content.spec import Obj, check
from caltrop.errors import CaltropError, Location

# folder -> where it goes in the catalogue, its spec, its reader
KINDS: dict[str, tuple[str, Obj, Callable[[dict[str, Any], str], Any]]] = {
    "baselines": ("baselines", schema.BASELINE, objects.baseline),
    "dashboards": ("dashboards", schema.DASHBOARD, objects.dashboard),
    "data_sources": ("data_sources", schema.DATA_SOURCE, objects.data_source),
    "deployments": ("deployments", schema.DEPLOYMENT, objects.deployment),
    "detections": ("detections", schema.DETECTION, reader.detection),
    "investigations": ("investigations", schema.INVESTIGATION, objects.investigation),
    "lookups": ("lookups", schema.LOOKUP, objects.lookup),
    "macros": ("macros", schema.MACRO, objects.macro),
    "playbooks": ("playbooks", schema.PLAYBOOK, objects.playbook),
    "removed/detections": ("removed", schema.DETECTION, reader.detection),
    "response_tasks": ("investigations", schema.INVESTIGATION, objects.investigation),
    "stories": ("stories", schema.STORY, objects.story),
}


def load(root: str | Path, *, checks: bool = True) -> Catalogue:
    """Read the repository at `root`. Every fault is in `Catalogue.problems`; only a missing repository raises.

    `checks=False` leaves out what needs the whole catalogue or the search language: for readers that only want
    the content.
    """
    base = Path(root)
    if not base.is_dir():
        raise CaltropError("no such folder", location=Location(str(root)), hint="give --content a content repository")
    config, problems = load_config(base)
    catalogue = Catalogue(root=str(base), config=config)
    for folder, (attribute, spec, read) in KINDS.items():
        target = getattr(catalogue, attribute)
        for path in yaml_files(base / folder):
            item, found = read_file(path, base, spec, read)
            problems += found
            if item is not None:
                target.append(item)
    _attach_old_tests(base, catalogue, problems)
    if checks:
        from caltrop.content.checks import check_catalogue

        problems += check_catalogue(catalogue)
    catalogue.problems = settle(problems, config)
    return catalogue


def yaml_files(folder: Path) -> list[Path]:
    """YAML files under `folder`, sorted by path; links out of the folder are not followed."""
    if not folder.is_dir():
        return []
    found = (p for pattern in ("*.yml", "*.yaml") for p in folder.rglob(pattern))
    return sorted(p for p in found if p.is_file() and not p.name.startswith("."))


def read_file(
    path: Path, base: Path, spec: Obj, read: Callable[[dict[str, Any], str], Any]
) -> tuple[Any, list[Problem]]:
    """One file -> its object (None when there is nothing to read) and its own faults, placed."""
    file = path.relative_to(base).as_posix()
    try:
        document = Document(path.read_text(encoding="utf-8"), file)
    except UnicodeDecodeError as error:
        hint = "save the file as UTF-8"
        return None, [Problem(file=file, code="yaml-syntax", message=f"not UTF-8 at byte {error.start}", hint=hint)]
    data = document.data
    if not isinstance(data, dict):
        if not document.problems:
            message = "the file is empty" if data is None else "the file is not a mapping"
            document.problems.append(Problem(file=file, code="wrong-type", message=message, hint="write 'key: value'"))
        return None, document.problems
    item = read(data, file)
    if isinstance(item, Detection) and item.tests:
        item = msgspec.structs.replace(item, tests=_with_lines(item.tests, document))
    return item, document.problems + list(_faults(document, spec_for(spec, data)))


def _with_lines(tests: tuple[Test, ...], document: Document) -> tuple[Test, ...]:
    """Each test knows its line, for reports."""
    return tuple(
        msgspec.structs.replace(test, line=document.place(("tests", index))[0]) for index, test in enumerate(tests)
    )


def spec_for(spec: Obj, data: dict[str, Any]) -> Obj:
    """Detections in an older schema are checked by the older table."""
    if spec is schema.DETECTION and schema.detection_schema(data) != "flat":
        return schema.LEGACY_DETECTION
    if spec is schema.DETECTION and "creation_date" not in data and "date" in data:
        return schema.LEGACY_DETECTION
    return spec


def _faults(document: Document, spec: Obj) -> Iterator[Problem]:
    name = str(document.data.get("name", ""))
    for path, code, message, hint in check(document.data, spec):
        line, column = document.place(path, key=code in ("unknown-field", "legacy-field"))
        yield Problem(file=document.file, line=line, column=column, code=code, message=message, hint=hint, name=name)


def _attach_old_tests(base: Path, catalogue: Catalogue, problems: list[Problem]) -> None:
    """The 2021 schema keeps tests in files of their own: tests/<domain>/<detection>.test.yml."""
    by_file = {d.file: index for index, d in enumerate(catalogue.detections)}
    for path in yaml_files(base / "tests"):
        if not path.name.endswith(".test.yml"):
            continue
        file = path.relative_to(base).as_posix()
        document = Document(path.read_text(encoding="utf-8"), file)
        problems += document.problems
        if not isinstance(document.data, dict):
            continue
        for test in reader.mappings(document.data, "tests"):
            target = by_file.get("detections/" + reader.text(test, "file"))
            if target is None:
                message = f"this test is for {reader.text(test, 'file')!r}, which is not there"
                problems.append(
                    Problem(file=file, code="test-data", message=message, hint="'file' is below detections/")
                )
                continue
            item: Detection = catalogue.detections[target]
            catalogue.detections[target] = msgspec.structs.replace(item, tests=(*item.tests, reader.read_test(test)))

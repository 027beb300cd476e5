"""A content repository -> `Catalogue`: read every file, bring it into the model, then check it as a whole."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import msgspec

from caltrop.content.cache import Bundle
from caltrop.content.config import load_config, where_to_look
from caltrop.content.detections import read_test
from caltrop.content.document import Document
from caltrop.content.files import linked, read_all, strayed, yaml_files
from caltrop.content.fingerprint import files
from caltrop.content.model import Catalogue, Detection
from caltrop.content.problems import Problem
from caltrop.content.severity import settle
from caltrop.content.values import mappings, text
from caltrop.errors import CaltropError, Location

# What nobody uses is not known where something could not be read.
_UNUSED = frozenset({"unused-macro", "unused-lookup", "empty-story"})


def load(
    root: str | Path,
    *,
    checks: bool = True,
    places: bool = True,
    cache: Path | None = None,
    only: Collection[str] | None = None,
) -> Catalogue:
    """Read the repository at `root`. Every fault is in `Catalogue.problems`; only a missing repository raises.

    `checks=False` leaves out what needs the whole catalogue or the search language: for readers that only want
    the content. `places=False` gives what they find a line only where errors stop a build (`AppConfig.strict`): elsewhere
    it is counted. `cache` is a folder that keeps what was read and checked. `only` are the files (relative to the
    repository) that count: the others are not read.
    """
    base = Path(root)
    if not base.is_dir():
        raise CaltropError("no such folder", location=Location(str(root)), hint="give --content a content repository")
    config, problems = load_config(base)
    catalogue = Catalogue(root=str(base), config=config)
    bundle = Bundle(cache / "content.bin") if cache else None
    complete = only is None
    for attribute, item, found in read_all(base, bundle, only):
        problems += found
        if item is not None:
            getattr(catalogue, attribute).append(item)
        else:
            complete = False
    if only is None:
        unread = list(strayed(base))
        problems += unread
        complete = complete and not unread
    links: list[str] = []
    files(base / config.template, links)
    problems += [linked(Path(link).relative_to(base).as_posix()) for link in sorted(links)]
    if not config.file and catalogue.empty and not problems:
        raise CaltropError("there is no content here", location=Location(str(root)), hint=where_to_look(base))
    _attach_old_tests(base, catalogue, problems, partly=only is not None)
    if checks:
        from caltrop.content.checks import check_catalogue

        found = check_catalogue(catalogue, bundle, places=places or config.strict)
        problems += [p for p in found if complete or p.code not in _UNUSED]
    if bundle:
        bundle.save()
    catalogue.problems = settle(problems, config)
    return catalogue


def _attach_old_tests(base: Path, catalogue: Catalogue, problems: list[Problem], *, partly: bool) -> None:
    """The 2021 schema keeps tests in files of their own: tests/<domain>/<detection>.test.yml. `partly`: what they are for may
    not have been read."""
    by_file = {d.file: index for index, d in enumerate(catalogue.detections)}
    for path in yaml_files(base / "tests"):
        if not path.name.endswith(".test.yml"):
            continue
        file = path.relative_to(base).as_posix()
        document = Document.of(path.read_bytes(), file)
        problems += document.problems
        if not isinstance(document.data, dict):
            continue
        for test in mappings(document.data, "tests"):
            target = by_file.get("detections/" + text(test, "file"))
            if target is None and partly:
                continue
            if target is None:
                message = f"this test is for {text(test, 'file')!r}, which is not there"
                hint = "'file' is below detections/"
                problems.append(Problem(file=file, code="test-data", message=message, hint=hint))
                continue
            item: Detection = catalogue.detections[target]
            catalogue.detections[target] = msgspec.structs.replace(item, tests=(*item.tests, read_test(test)))

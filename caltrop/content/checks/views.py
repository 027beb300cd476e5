"""The views that ship as they are: Simple XML as Splunk documents it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from caltrop.content.model import Catalogue
from caltrop.content.problems import Problem
from caltrop.dialect import simplexml

FOLDER = "default/data/ui/views"


def problems(catalogue: Catalogue) -> Iterator[Problem]:
    root = Path(catalogue.root)
    for path in sorted((root / catalogue.config.template / FOLDER).glob("*.xml")):
        if path.is_symlink():  # told already, and not followed
            continue
        file = path.relative_to(root).as_posix()
        for one in simplexml.check(path.read_bytes().decode("utf-8", "replace")):
            yield Problem(
                file=file, line=one.line, column=one.column, code="bad-view", message=one.message, hint=one.hint
            )

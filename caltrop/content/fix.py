"""`caltrop validate --fix`: what can be mended mechanically, by edits of the text.

A fix never chooses meaning: it closes a token, writes a date as a date, spells a known word in its own case, drops a
field that nothing reads, ends a search in its filter macro, names a file after its object.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from caltrop.content import edits
from caltrop.content.checks import findings
from caltrop.content.checks.finding import Finding
from caltrop.content.document import Document
from caltrop.content.edits import Edit
from caltrop.content.files import yaml_files
from caltrop.content.kinds import KINDS, spec_for
from caltrop.content.model import snake
from caltrop.content.repository import load
from caltrop.content.spec import check

_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?:[T ].*)?")
_NO_FILE = re.compile(r'[\x00-\x1f<>:"/\\|?*]')  # not in file names, on one system or another
_NEAR = re.compile(r"did you mean '([^']+)'\?")


class Fixed(NamedTuple):
    file: str
    code: str
    message: str


def fix(root: Path) -> list[Fixed]:
    """Mend the files of a repository in place; what was done, by file."""
    done: list[Fixed] = []
    by_file: dict[str, list[Finding]] = {}
    for finding in _all(root):
        if finding.code in _FIXERS or finding.code == "file-name":
            by_file.setdefault(finding.file, []).append(finding)
    for file, found in sorted(by_file.items()):
        path = root / file
        body = path.read_bytes()
        document = Document.of(body, file)
        changes: list[Edit] = []
        for finding in found:
            made = _FIXERS[finding.code](document, finding) if finding.code in _FIXERS else []
            if made:
                changes += made
                done.append(Fixed(file, finding.code, finding.message))
        text = edits.apply(document.text, changes)
        if text != document.text and not Document(text, file).problems:
            path.write_bytes(edits.line_ends(text, body).encode())
        for finding in found:
            if finding.code == "file-name":
                done += _rename(path, finding)
    return done


def _all(root: Path) -> Iterator[Finding]:
    for folder, kind in KINDS.items():
        for path in yaml_files(root / folder):
            file = path.relative_to(root).as_posix()
            document = Document.of(path.read_bytes(), file)
            if isinstance(document.data, dict):
                for where, code, message, hint in check(document.data, spec_for(kind.spec, document.data)):
                    yield Finding(file, where, code, message, hint)
    yield from findings(load(root, checks=False))


def _rename(path: Path, finding: Finding) -> list[Fixed]:
    target = path.with_name(snake(finding.name) + path.suffix)
    fit = len(target.name.encode()) <= 255 and not _NO_FILE.search(target.stem)
    if not fit or target.exists() or not path.is_file():
        return []
    path.rename(target)
    return [Fixed(finding.file, finding.code, f"{finding.message}: renamed to {target.name}")]


def _date(document: Document, finding: Finding) -> list[Edit]:
    value = _value(document, finding)
    match = _DATE.fullmatch(str(value))
    if not match:
        return []
    try:
        date = datetime.date(*(int(part) for part in match.groups()))
    except ValueError:
        return []
    return edits.replace_value(document, finding.path, date.isoformat())


def _case(document: Document, finding: Finding) -> list[Edit]:
    """A word of a fixed list in another case or with other separators."""
    value, near = _value(document, finding), _NEAR.search(finding.hint)
    same = near and isinstance(value, str) and snake(near.group(1)) == snake(value.strip())
    return edits.replace_value(document, finding.path, near.group(1)) if near and same else []


def _type(document: Document, finding: Finding) -> list[Edit]:
    """A number or a truth value that was put in quotes."""
    value = _value(document, finding)
    if not isinstance(value, str):
        return []
    if "whole number" in finding.message and re.fullmatch(r"-?\d{1,9}", value.strip()):
        return edits.replace_value(document, finding.path, int(value))
    if "true or false" in finding.message and value.strip().lower() in ("true", "false"):
        return edits.replace_value(document, finding.path, value.strip().lower() == "true")
    return []


def _token(document: Document, finding: Finding) -> list[Edit]:
    match = re.search(r"'\$([^']+)' is not closed", finding.message)
    if not match or finding.offset is None:
        return []
    return edits.insert_in_value(document, finding.path, finding.offset + 1 + len(match.group(1)), "$")


def _filter(document: Document, finding: Finding) -> list[Edit]:
    match = re.search(r"(`[^`]+_filter`) is missing", finding.message)
    return edits.append_to_value(document, finding.path, f"| {match.group(1)}") if match else []


def _drop(document: Document, finding: Finding) -> list[Edit]:
    # MANUAL_REVIEW asks a person for a decision; a wrongly spelt field has content that somebody meant.
    return [] if finding.path[-1] in ("MANUAL_REVIEW", "data_sources") else edits.remove_key(document, finding.path)


def _value(document: Document, finding: Finding) -> object:
    value = document.data
    for step in finding.path:
        value = value[step]
    return value


_FIXERS: dict[str, Callable[[Document, Finding], list[Edit]]] = {
    "bad-date": _date,
    "wrong-value": _case,
    "wrong-type": _type,
    "bad-token": _token,
    "filter-macro": _filter,
    "legacy-field": _drop,
}

"""Checks of the catalogue as a whole. Each yields `Finding`s; here they get their place in the file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from caltrop.content.cache import Bundle
from caltrop.content.checks import data, identity, placeholders, references, risk, schedule, search, unfilled, views
from caltrop.content.checks.finding import Finding
from caltrop.content.document import Document
from caltrop.content.model import Catalogue
from caltrop.content.problems import Problem

_CHECKS: tuple[Callable[[Catalogue], Iterator[Finding]], ...] = (
    identity.check,
    references.check,
    risk.check,
    schedule.check,
    data.check,
    placeholders.check,
    unfilled.check,
)


def findings(catalogue: Catalogue, bundle: Bundle | None = None) -> Iterator[Finding]:
    """Every finding of every check, by path in its file. What the searches' checks say is kept in the bundle."""
    for check in _CHECKS:
        yield from check(catalogue)
    yield from search.check(catalogue, bundle)


def check_catalogue(catalogue: Catalogue, bundle: Bundle | None = None, *, places: bool = True) -> list[Problem]:
    """Every finding, with line and column; without `places` none is looked for, which takes reading files again."""
    locator = _Locator(Path(catalogue.root) if places else None)
    return [*(locator.problem(finding) for finding in findings(catalogue, bundle)), *views.problems(catalogue)]


class _Locator:
    """Places findings; reads a file again only when something is wrong with it."""

    def __init__(self, root: Path | None) -> None:
        self._root = root
        self._documents: dict[str, Document | None] = {}

    def problem(self, finding: Finding) -> Problem:
        document = self._document(finding.file)
        line, column = document.place(finding.path, finding.offset) if document and finding.path else (0, 0)
        return Problem(
            file=finding.file,
            line=line,
            column=column,
            code=finding.code,
            message=finding.message,
            hint=finding.hint,
            severity=finding.severity,
            name=finding.name,
            width=finding.width,
        )

    def _document(self, file: str) -> Document | None:
        if self._root is None:
            return None
        if file not in self._documents:
            try:
                self._documents[file] = Document.of((self._root / file).read_bytes(), file)
            except OSError:
                self._documents[file] = None
        return self._documents[file]

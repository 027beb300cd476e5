"""Files -> objects with their own faults. Each file stands alone, so reading is cached by file and split over processes.

A large repository that was not read before is read by two processes.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from caltrop.content import halves
from caltrop.content.cache import Bundle, key
from caltrop.content.document import Document
from caltrop.content.fingerprint import files, read
from caltrop.content.kinds import KINDS, spec_for
from caltrop.content.model import Detection, Test
from caltrop.content.problems import Problem
from caltrop.content.spec import Obj, check
from caltrop.dialect.words import nearest

_ALONE = 150  # files that one process reads faster than two would

Result = tuple[Any, list[Problem]]  # the object (None when there is nothing to read), and the file's own faults


class _Job(NamedTuple):
    kind: str
    file: str
    body: bytes


def read_all(
    root: Path, bundle: Bundle | None, only: Collection[str] | None = None
) -> Iterator[tuple[str, Any, list[Problem]]]:
    """Every content file (of `only`, where that is given): (attribute of the catalogue, object or None, faults), by folder and path."""
    start = len(str(root / "x")) - 1  # the current folder is not part of a path
    links: list[str] = []
    named = ((kind, path, path[start:].replace(os.sep, "/")) for kind in KINDS for path in _yaml(root / kind, links))
    jobs = [_Job(kind, file, read(path)) for kind, path, file in named if only is None or file in only]
    for link in sorted(links):
        yield "detections", None, [linked(link[start:].replace(os.sep, "/"))]
    if bundle is None:
        for job in jobs:
            yield KINDS[job.kind].attribute, *read_text(job.kind, job.file, job.body)
        return
    keys = [key(job.kind.encode(), job.file.encode(), job.body) for job in jobs]
    missing = [index for index, k in enumerate(keys) if bundle.get(k) is None]
    for index, packed in zip(missing, _read([jobs[i] for i in missing]), strict=True):
        bundle.put(keys[index], packed)
    for job, k in zip(jobs, keys, strict=True):
        yield KINDS[job.kind].attribute, *_unpack(job.kind, bundle.get(k) or b"")


def _read(jobs: Sequence[_Job]) -> list[bytes]:
    return halves.packed(jobs, _packed, lambda job: len(job.body), _ALONE)


def _packed(jobs: Sequence[_Job]) -> list[bytes]:
    out = []
    for job in jobs:
        item, problems = read_text(job.kind, job.file, job.body)
        out.append(msgspec.msgpack.encode((msgspec.msgpack.encode(item), problems)))
    return out


def _unpack(kind: str, packed: bytes) -> Result:
    item, problems = msgspec.msgpack.decode(packed, type=tuple[bytes, list[Problem]])
    return msgspec.msgpack.decode(item, type=KINDS[kind].type | None), problems


def yaml_files(folder: Path) -> list[Path]:
    """YAML files under `folder`, sorted by path; links out of the folder are not followed."""
    return [Path(path) for path in _yaml(folder)]


def strayed(root: Path) -> Iterator[Problem]:
    """Folders that hold YAML, are called nearly like one that is read, and are not read."""
    known = {kind.partition("/")[0] for kind in KINDS}
    for folder in sorted(root.iterdir()):
        if folder.name in known or folder.name[0] == "." or not folder.is_dir() or folder.is_symlink():
            continue
        near = nearest(folder.name.lower(), known)
        if near is None or not _yaml(folder) or ((root / near).exists() and folder.samefile(root / near)):
            continue  # the same where the file system ignores case
        message = f"nothing reads the folder {folder.name!r}"
        yield Problem(file=folder.name, code="unknown-folder", message=message, hint=f"did you mean {near!r}?")


def linked(file: str) -> Problem:
    hint = "put the file itself here: content is read without following links"
    return Problem(file=file, code="link", message="is a symbolic link", hint=hint)


def _yaml(folder: Path, links: list[str] | None = None) -> list[str]:
    found = (path for path in files(folder, links) if path.endswith((".yml", ".yaml")))
    return [path for path in found if path[path.rindex(os.sep) + 1] != "."]


def read_text(kind: str, file: str, body: bytes) -> Result:
    """One file -> its object and its own faults, placed. `file` is relative to the repository."""
    _, spec, into, _ = KINDS[kind]
    document = Document.of(body, file)
    data = document.data
    if not isinstance(data, dict):
        if not document.problems:
            message = "the file is empty" if data is None else "the file is not a mapping"
            hint = "write 'key: value' lines"
            document.problems.append(
                Problem(file=file, line=1, column=1, code="wrong-type", message=message, hint=hint)
            )
        return None, document.problems
    item = into(data, file)
    if isinstance(item, Detection) and item.tests:
        item = msgspec.structs.replace(item, tests=_with_lines(item.tests, document))
    return item, document.problems + list(_faults(document, spec_for(spec, data)))


def _with_lines(tests: tuple[Test, ...], document: Document) -> tuple[Test, ...]:
    """Each test knows its line, for reports."""
    return tuple(
        msgspec.structs.replace(test, line=document.place(("tests", index))[0]) for index, test in enumerate(tests)
    )


def _faults(document: Document, spec: Obj) -> Iterator[Problem]:
    name = str(document.data.get("name", ""))
    for path, code, message, hint in check(document.data, spec):
        line, column = document.place(path, key=code in ("unknown-field", "legacy-field"))
        yield Problem(file=document.file, line=line, column=column, code=code, message=message, hint=hint, name=name)

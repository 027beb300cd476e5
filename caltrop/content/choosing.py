"""Which files of a repository are meant and needed, told from their text before any YAML is read.

A repository of thousands of files is looked through in a tenth of a second. What is needed is found by names that
stand in texts, which finds too much at times and never too little.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from caltrop.content.fingerprint import files, read
from caltrop.content.model import snake
from caltrop.dialect.words import did_you_mean
from caltrop.errors import CaltropError

DETECTIONS = "detections"
# Kinds whose objects others name. Deployments are chosen by the type of a detection, so they are always needed.
NAMED = ("macros", "lookups", "stories", "data_sources")
ALWAYS = ("deployments",)
USED_BY_NAME = ("macros", "lookups")  # what they hold names others in turn
_FIELD = {key: re.compile(rb"(?m)^%s:[ \t]*(.*?)[ \t]*\r?$" % key.encode()) for key in ("name", "id")}
_PLAIN = re.compile(r"""[^\s'"&*|>{\[!%@`#?-].*""")
_QUOTED = re.compile(r"""(?:'((?:[^']|'')*)'|"([^"\\]*)")(?:\s+#.*)?""")


@dataclass(frozen=True)
class Named:
    """One content file. `name` is empty where it is not written on one line."""

    kind: str
    file: str  # relative to the repository, with slashes
    name: str
    id: str
    body: bytes = field(repr=False)

    @property
    def stem(self) -> str:
        return Path(self.file).stem

    @cached_property
    def text(self) -> bytes:
        """The body with its white space made single, so that what YAML folds is found."""
        return b" ".join(self.body.split())


@dataclass(frozen=True)
class Repository:
    """The files of a repository by kind, as their texts name them."""

    root: Path
    named: tuple[Named, ...]

    @classmethod
    def look(cls, root: Path) -> Repository:
        """Read every file once; nothing is checked. A folder that is not there has no files."""
        start = len(str(root / "x")) - 1
        found = []
        for kind in (DETECTIONS, *NAMED, *ALWAYS):
            for path in files(root / kind):
                if path.endswith((".yml", ".yaml")):
                    body = read(path)
                    name, id_ = _value("name", body), _value("id", body)
                    found.append(Named(kind, path[start:].replace(os.sep, "/"), name, id_, body))
        return cls(root, tuple(found))

    @property
    def files(self) -> frozenset[str]:
        return frozenset(item.file for item in self.named)

    @property
    def detections(self) -> list[Named]:
        return [item for item in self.named if item.kind == DETECTIONS]

    # -- what a person means

    def chosen(self, names: Iterable[str]) -> list[Named]:
        """The detections that the names mean, in the order of files: names, ids, files and folders, from here or from the
        repository. Raises `CaltropError` with the nearest name for what is none of these."""
        wanted: set[str] = set()
        for name in names:
            wanted.update(item.file for item in self._meant(name))
        return [item for item in self.detections if item.file in wanted]

    def _meant(self, name: str) -> list[Named]:
        lower = name.lower()
        found = [d for d in self.detections if lower in (d.name.lower(), d.id.lower(), d.stem.lower(), snake(d.name))]
        if found:
            return found
        for base in (Path(), self.root):
            path = base / name
            if path.exists():
                return self._below(path, name)
        if _is_path(name):  # a file that was moved is still found by its name
            stem = Path(name).stem.lower()
            found = [d for d in self.detections if d.stem.lower() == stem]
            if found:
                return found
        known = [text for d in self.detections for text in (d.name, d.stem, d.id) if text]
        if _is_path(name):
            known = [d.file for d in self.detections]
        hint = did_you_mean(name, known) or "give a detection's name, id, file, or a folder"
        raise CaltropError(f"no detection {name!r}", hint=hint)

    def _below(self, path: Path, name: str) -> list[Named]:
        here = path.resolve()
        found = [d for d in self.detections if (self.root / d.file).resolve().is_relative_to(here)]
        if not found:
            what = "is no detection" if here.is_file() else "holds no detection"
            raise CaltropError(f"{name} {what} of {self.root}", hint=f"detections are below {self.root / DETECTIONS}")
        return found

    # -- what it takes

    def needed(self, chosen: Iterable[Named]) -> frozenset[str]:
        """The files that these detections are built of: they, the macros and lookups that they use (directly or not), the
        stories and data sources that they name, every deployment."""
        texts = [item.text for item in chosen]
        kept = {item.file for item in chosen} | {item.file for item in self.named if item.kind in ALWAYS}
        waiting = [item for item in self.named if item.kind in NAMED]
        while texts:
            whole = b"\n".join(texts)
            texts, rest = [], []
            for item in waiting:
                if item.name and not _names(whole, [_key(item.name), item.stem.encode()]):
                    rest.append(item)
                    continue
                kept.add(item.file)
                if item.kind in USED_BY_NAME:
                    texts.append(item.text)
            waiting = rest
        return frozenset(kept)

    # -- what a change touches

    def touched(self, changed: Sequence[str]) -> list[Named] | None:
        """The detections that these changed files (relative to the repository) touch; None where that may be all of them.

        A macro, a lookup or a data file touches whatever names it; a deployment, the configuration and the app's own files
        touch all.
        """
        by_file = {item.file: item for item in self.named}
        found: set[str] = set()
        words: list[bytes] = []
        for file in changed:
            item = by_file.get(file)
            kind = file.partition("/")[0]
            if item is not None and item.kind == DETECTIONS:
                found.add(file)
            elif kind in (*ALWAYS, *_APP) or file in _CONFIGURATION:
                return None
            else:
                words.append(Path(file).name.encode())
                if item is not None and item.name:
                    words.append(_key(item.name))
                elif kind in NAMED:  # it is gone: files are called as what they hold
                    words.append(Path(file).stem.encode())
        found |= self._users(words)
        return [item for item in self.detections if item.file in found]

    def _users(self, words: list[bytes]) -> set[str]:
        """Detections that name one of the words, directly or by a macro or lookup that does."""
        found: set[str] = set()
        seen: set[str] = set()
        while words:
            following: list[bytes] = []
            for item in self.named:
                if item.file in seen or not _names(item.text, words):
                    continue
                seen.add(item.file)
                if item.kind == DETECTIONS:
                    found.add(item.file)
                elif item.kind in USED_BY_NAME and item.name:
                    following.append(_key(item.name))
            words = following
        return found


_APP = ("app", "app_template")  # folders of what ships as it is
_CONFIGURATION = ("app.yml", "contentctl.yml")


def _key(name: str) -> bytes:
    return b" ".join(name.encode().split())


def _names(text: bytes, words: Iterable[bytes]) -> bool:
    """Whether one of the words stands in the text, and not inside a longer one."""
    return any(word in text and re.search(rb"(?<!\w)%s(?!\w)" % re.escape(word), text) for word in words)


def _value(key: str, body: bytes) -> str:
    """A value that stands on the line of its key; empty for any other."""
    found = _FIELD[key].search(body)
    if found is None:
        return ""
    text = found[1].decode("utf-8", "replace")
    quoted = _QUOTED.fullmatch(text)
    if quoted:
        return (quoted[1] or "").replace("''", "'") if quoted[1] is not None else quoted[2]
    text = text.partition(" #")[0].rstrip()
    return text if _PLAIN.fullmatch(text) else ""


def _is_path(name: str) -> bool:
    return "/" in name or os.sep in name or name.endswith((".yml", ".yaml"))


def shard(chosen: Sequence[Named], number: int, of: int) -> list[Named]:
    """The part of the detections that machine `number` (from 1) of so many proves: every detection is in one part."""
    return [item for index, item in enumerate(sorted(chosen, key=lambda item: item.file)) if index % of == number - 1]

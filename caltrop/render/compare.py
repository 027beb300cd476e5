"""Two app trees, stanza by stanza and key by key.

Values are equal when they mean the same: JSON by structure, anything else with runs of white space (and backslash
continuations) folded. A key is counted once, whichever tree has it.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from caltrop.dialect.conf import parse
from caltrop.errors import CaltropError, Location

Confs = dict[str, dict[str, dict[str, str]]]  # file -> stanza -> key -> value
ONLY_LEFT, ONLY_RIGHT, CHANGED = "only in A", "only in B", "different"


@dataclass(frozen=True, slots=True, order=True)
class Difference:
    """One key (or, with key "", a whole stanza or file) that is not the same on both sides."""

    file: str
    kind: str
    key: str
    stanza: str
    left: str = ""
    right: str = ""


@dataclass(slots=True)
class Comparison:
    keys: int = 0
    equal: int = 0
    other_files: list[tuple[str, str]] = field(default_factory=list)  # (file, kind): not configuration
    differences: list[Difference] = field(default_factory=list)

    @property
    def percent(self) -> float:
        return 100.0 * self.equal / self.keys if self.keys else 100.0

    def groups(self) -> dict[tuple[str, str, str], list[Difference]]:
        """By file, kind and key, so that one cause is one group."""
        out: dict[tuple[str, str, str], list[Difference]] = {}
        for difference in sorted(self.differences):
            out.setdefault((difference.file, difference.kind, difference.key), []).append(difference)
        return out


def compare(left: Path, right: Path) -> Comparison:
    """Configuration, metadata and manifest key by key; other files of two app folders as a whole, outside the count."""
    (a, others_a), (b, others_b) = read_tree(left), read_tree(right)
    result = Comparison()
    for file in sorted(a.keys() | b.keys()):
        _file(result, file, a.get(file), b.get(file))
    for file in sorted(others_a.keys() | others_b.keys()):
        if others_a.get(file) != others_b.get(file):
            kind = ONLY_RIGHT if file not in others_a else ONLY_LEFT if file not in others_b else CHANGED
            result.other_files.append((file, kind))
    return result


def read_tree(folder: Path) -> tuple[Confs, dict[str, bytes]]:
    """Configuration (the manifest is one stanza of JSON paths), and every other file's bytes."""
    if not folder.is_dir():
        raise CaltropError("no such folder", location=Location(str(folder)), hint="give two unpacked app folders")
    out: Confs = {}
    others: dict[str, bytes] = {}
    for path in sorted(folder.rglob("*")):
        if not path.is_file() or path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        body = path.read_bytes()
        if path.suffix in (".conf", ".meta"):
            out[name] = parse(body, name).settings()
        elif name == "app.manifest":
            out[name] = {"": dict(_flatten(json.loads(body.decode("utf-8", "replace"))))}
        else:
            others[name] = body
    return out, others


def _flatten(value: object, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _flatten(item, f"{path}.{key}" if path else str(key))
    elif isinstance(value, list) and value:
        for index, item in enumerate(value):
            yield from _flatten(item, f"{path}[{index}]")
    else:
        yield path, json.dumps(value)


def _file(
    result: Comparison, file: str, a: dict[str, dict[str, str]] | None, b: dict[str, dict[str, str]] | None
) -> None:
    for stanza in dict.fromkeys([*(a or {}), *(b or {})]):
        left, right = (a or {}).get(stanza), (b or {}).get(stanza)
        if left is None or right is None:
            there = left if left is not None else right or {}
            result.keys += len(there)
            kind = ONLY_LEFT if right is None else ONLY_RIGHT
            result.differences.append(Difference(file, kind, "", stanza, right=f"{len(there)} keys"))
            continue
        for key in dict.fromkeys([*left, *right]):
            result.keys += 1
            if key not in right:
                result.differences.append(Difference(file, ONLY_LEFT, key, stanza, left=left[key]))
            elif key not in left:
                result.differences.append(Difference(file, ONLY_RIGHT, key, stanza, right=right[key]))
            elif same(left[key], right[key]):
                result.equal += 1
            else:
                result.differences.append(Difference(file, CHANGED, key, stanza, left[key], right[key]))


def same(left: str, right: str) -> bool:
    if left == right or _folded(left) == _folded(right):
        return True
    a, b = _json(left), _json(right)
    return a is not None and b is not None and a == b


def _folded(value: str) -> str:
    return " ".join(value.split())


def _json(value: str) -> object | None:
    """A JSON object or list with white space in its strings folded; None when it is neither."""
    if value[:1] not in "[{":
        return None
    try:
        return _fold_strings(json.loads(value))
    except ValueError:
        return None


def _fold_strings(value: object) -> object:
    if isinstance(value, str):
        return _folded(value)
    if isinstance(value, list):
        return [_fold_strings(item) for item in value]
    if isinstance(value, dict):
        return {key: _fold_strings(item) for key, item in value.items()}
    return value


def report(result: Comparison, *, examples: int = 3) -> Iterator[str]:
    """Lines for people: groups, largest first, with a few examples each; the total is the last line."""
    groups = sorted(result.groups().items(), key=lambda g: (-len(g[1]), g[0]))
    for (file, kind, key), found in groups:
        what = f"key {key!r}" if key else "stanza"
        yield f"{file}: {what} {kind}: {len(found)}"
        for difference in found[:examples]:
            yield f"    [{difference.stanza}]"
            if difference.left:
                yield f"      A: {_short(difference.left)}"
            if difference.right:
                yield f"      B: {_short(difference.right)}"
    folders = Counter((kind, file.rpartition("/")[0] or ".") for file, kind in result.other_files)
    for (kind, folder), count in sorted(folders.items()):
        yield f"{folder}/: {count} other file(s) {kind}"
    kinds = Counter(d.kind for d in result.differences)
    if kinds:
        yield ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    yield f"{result.percent:.2f}% of {result.keys} keys equal, {len(result.differences)} differences"


def _short(text: str, width: int = 160) -> str:
    text = _folded(text)
    return text if len(text) <= width else text[: width - 1] + "…"

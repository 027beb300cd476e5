"""Edits of a YAML file's text by position: whatever is not touched stays as it was, comments and layout included."""

from __future__ import annotations

import re
from typing import NamedTuple

from yaml.nodes import CollectionNode, MappingNode, Node, ScalarNode

from caltrop.content.document import Document, Path

_PLAIN = re.compile(r"[A-Za-z0-9_(/.$][^\n]*\Z")
_SPECIAL = re.compile(r": |:\Z| #|\A[\s&*!|>'\"%@`{}\[\],?-]|\s\Z")
_WORDS = {"true", "false", "null", "yes", "no", "on", "off", "~", ""}


class Edit(NamedTuple):
    """Replace text[start:end] with `new`."""

    start: int
    end: int
    new: str


def apply(text: str, edits: list[Edit]) -> str:
    """Edits in any order; of two that overlap the first in the text wins."""
    out, at = [], 0
    for edit in sorted(edits):
        if edit.start < at:
            continue
        out += [text[at : edit.start], edit.new]
        at = edit.end
    return "".join([*out, text[at:]])


def line_ends(text: str, like: bytes) -> str:
    """The text with the line ends of the file it came from."""
    return text.replace("\n", "\r\n") if b"\r\n" in like else text


def scalar(value: object) -> str:
    """A value as YAML on one line: plain where that reads back as itself, else in quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    text = str(value)
    number = re.fullmatch(r"[-+]?[\d.][\d._eE:+-]*", text)
    if "\n" in text or any(ord(c) < 32 for c in text):
        escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
        return f'"{escaped}"'
    if text.lower() in _WORDS or number or _SPECIAL.search(text) or not _PLAIN.match(text):
        return "'" + text.replace("'", "''") + "'"
    return text


def replace_value(document: Document, path: Path, value: object) -> list[Edit]:
    """A new single value in place of the old one."""
    node = document.node(path)
    if not isinstance(node, ScalarNode):
        return []
    if node.style in ("|", ">"):
        return []
    return [Edit(node.start_mark.index, node.end_mark.index, scalar(value))]


def insert_in_value(document: Document, path: Path, offset: int, new: str) -> list[Edit]:
    """Text put into a scalar after its character `offset` - 1, which must be a visible one."""
    node = document.node(path)
    if not isinstance(node, ScalarNode):
        return []
    line, column = document.place(path, offset - 1)
    at = _index(document.text, line, column) + 1
    if node.style == '"':
        new = new.replace("\\", "\\\\").replace('"', '\\"')
    elif node.style == "'":
        new = new.replace("'", "''")
    return [Edit(at, at, new)]


def append_to_value(document: Document, path: Path, new: str) -> list[Edit]:
    """Text after the last visible character of a scalar; a block scalar gets a line of its own."""
    node = document.node(path)
    if not isinstance(node, ScalarNode):
        return []
    raw = document.text[node.start_mark.index : node.end_mark.index]
    if node.style in ("|", ">"):
        body = raw.rstrip()
        last = body.rsplit("\n", 1)[-1]
        indent = last[: len(last) - len(last.lstrip())]
        at = node.start_mark.index + len(body)
        return [Edit(at, at, f"\n{indent}{new}")]
    if node.style in ("'", '"'):
        at = node.end_mark.index - 1
        quoted = new.replace("'", "''") if node.style == "'" else new.replace("\\", "\\\\").replace('"', '\\"')
        return [Edit(at, at, f" {quoted}")]
    at = node.start_mark.index + len(raw.rstrip())
    return [Edit(at, at, f" {new}")]


def remove_key(document: Document, path: Path) -> list[Edit]:
    """A key and its value with the lines they stand on. In flow style, and for a mapping's only key, nothing is done."""
    key, value = document.key_node(path), document.node(path)
    parent = document.node(path[:-1])
    if key is None or value is None or not isinstance(parent, MappingNode):
        return []
    if parent.flow_style or len(parent.value) < 2:
        return []
    text = document.text
    start = text.rfind("\n", 0, key.start_mark.index) + 1
    if text[start : key.start_mark.index].strip():
        # The key follows a "- ": the next key moves up to it.
        following = _next_key(parent, key)
        return [Edit(key.start_mark.index, following.start_mark.index, "")] if following is not None else []
    return [Edit(start, end_of(document, value, key), "")]


def _next_key(parent: MappingNode, key: Node) -> Node | None:
    keys = [k for k, _ in parent.value]
    index = keys.index(key) + 1
    return keys[index] if index < len(keys) else None


def end_of(document: Document, value: Node, key: Node) -> int:
    """The offset after the last line of a value: comments and blank lines that follow belong to what comes next."""
    end = document.text.find("\n", max(_last(document.text, value), key.end_mark.index))
    return len(document.text) if end < 0 else end + 1


def _last(text: str, node: Node) -> int:
    """The offset after the last visible character of a node. (libyaml ends a block where the next token begins.)"""
    if isinstance(node, CollectionNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return _last(text, last[1] if isinstance(last, tuple) else last)
    start, end = node.start_mark.index, node.end_mark.index
    return start + len(text[start:end].rstrip())


def _index(text: str, line: int, column: int) -> int:
    at = 0
    for _ in range(line - 1):
        at = text.index("\n", at) + 1
    return at + column - 1

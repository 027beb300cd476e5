"""YAML text -> plain values, fast; and back from a value to its place in the text, when a place is needed.

libyaml parses and composes; only tags that content uses are resolved (dates stay text, so that two schemas that quote
them differently read the same). A document keeps libyaml's nodes, so every value can be placed; it is let go as soon as a file is read.
A key given twice is a problem, not a silent choice; the last value is kept so that reading can go on.
"""

from __future__ import annotations

import re
from typing import Any

import yaml
from yaml._yaml import CParser
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from yaml.reader import ReaderError

from caltrop.content.problems import Problem
from caltrop.content.scalars import offsets

Path = tuple[str | int, ...]

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
MAX_BYTES = 32 << 20  # a content file is a few kB; data belongs into CSV files
_MAX_DEPTH = 64
_MAX_VALUES = 1_000_000  # after aliases are expanded, which can multiply without end
_INT = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?\Z")
# YAML 1.2: `off`, `no` and `yes` are words, so that a severity can be called "off".
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_NULLS = {"", "~", "null", "Null", "NULL"}
_STR, _PLAIN = "tag:yaml.org,2002:str", "plain"
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"


class _Composer(CParser):
    """libyaml's composer with a resolver that only marks plain scalars: their value is decided in `_scalar`."""

    def resolve(self, kind: type[Node], value: str | None, implicit: Any) -> str:
        if kind is ScalarNode:
            return _PLAIN if implicit[0] else _STR
        return _SEQ if kind is SequenceNode else _MAP

    def descend_resolver(self, node: Any, index: Any) -> None:
        """No path resolvers: nothing to track."""

    def ascend_resolver(self) -> None:
        """No path resolvers: nothing to track."""


class Document:
    """One file: `data` as plain values, `problems` found while reading (syntax, duplicate keys, size)."""

    __slots__ = ("_broken", "_left", "_node", "data", "file", "problems", "text")

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.problems: list[Problem] = []
        self._node: Node | None = None
        self.data: Any = None
        self._left = _MAX_VALUES
        self._broken = False  # nested too deeply, or too large: nothing of it is read
        if len(text) > MAX_BYTES:
            self._problem("yaml-syntax", "file is larger than 32 MB", "move data into a CSV lookup or a dataset")
            return
        self._node = self._compose()
        if self._node is not None:
            value = self._value(self._node, 0)
            self.data = None if self._broken else value

    @classmethod
    def of(cls, body: bytes, file: str) -> Document:
        """A file's bytes: UTF-8, with or without a byte order mark, any line ends. Other bytes are a problem with a place."""
        try:
            return cls(body.decode("utf-8-sig").replace("\r\n", "\n"), file)
        except UnicodeDecodeError as error:
            document = cls("", file)
            what = "UTF-16, not UTF-8" if body[:2] in _UTF16 else f"not UTF-8 at byte {error.start}"
            document._problem("yaml-syntax", what, "save the file as UTF-8", *_byte_place(body, error.start))
            return document

    def place(self, path: Path, offset: int | None = None, *, key: bool = False) -> tuple[int, int]:
        """Line and column (from 1) of the value at `path`, of `offset` characters into it, or of its key.

        A path that leads nowhere gives the place of its longest part that exists.
        """
        node = self._node
        if node is None:
            return 0, 0
        mark = node.start_mark
        for step in path:
            if isinstance(node, MappingNode):
                found = next(((k, v) for k, v in reversed(node.value) if _key(k) == step), None)
                if found is None:
                    return mark.line + 1, mark.column + 1
                mark, node = found[0].start_mark, found[1]
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
                mark = node.start_mark
            else:
                return mark.line + 1, mark.column + 1
        if key:
            return mark.line + 1, mark.column + 1
        if offset is not None and isinstance(node, ScalarNode):
            return self._inside(node, offset)
        if isinstance(node, ScalarNode) and node.style not in ("|", ">"):
            mark = node.start_mark
        return mark.line + 1, mark.column + 1

    def node(self, path: Path) -> Node | None:
        """libyaml's node of the value at `path`: for edits of the text, which need to know where a value ends."""
        node = self._node
        for step in path:
            if isinstance(node, MappingNode):
                node = next((v for k, v in reversed(node.value) if _key(k) == step), None)
            elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            else:
                return None
        return node

    def key_node(self, path: Path) -> Node | None:
        """The node of the key that `path` ends in."""
        parent = self.node(path[:-1])
        if isinstance(parent, MappingNode):
            return next((k for k, _ in reversed(parent.value) if _key(k) == path[-1]), None)
        return None

    # -- reading --------------------------------------------------------------------------------------------------

    def _compose(self) -> Node | None:
        composer = _Composer(self.text)
        try:
            return composer.get_single_node()
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
            what = getattr(error, "problem", None) or str(error).splitlines()[0]
            context = getattr(error, "context", None)
            message = f"not valid YAML: {what}" + (f" ({context})" if context else "")
            line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
            if isinstance(error, ReaderError):  # a character that YAML does not allow; its place counts bytes
                line, column = _byte_place(self.text.encode(), error.position)
            self._problem("yaml-syntax", message, "check indentation and quotes around this place", line, column)
            return None
        except (RecursionError, ValueError) as error:
            self._problem("yaml-syntax", f"not valid YAML: {error}", "check the file's nesting and characters")
            return None
        finally:
            composer.dispose()

    def _value(self, node: Node, depth: int) -> Any:
        if isinstance(node, ScalarNode):
            return node.value if node.tag is _STR else self._scalar(node)
        self._left -= len(node.value)
        if depth > _MAX_DEPTH or self._left < 0:
            what = "nested too deeply" if depth > _MAX_DEPTH else "aliases expand to too many values"
            if not self._broken:
                self._broken = True
                self._problem("yaml-syntax", what, "content files are a few levels deep", *_at(node))
            return None
        depth += 1
        value = self._value
        if isinstance(node, SequenceNode):
            return [value(item, depth) for item in node.value]
        out: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node)
            if key in out:
                hint = "keep one of them; the last one was read"
                self._problem("duplicate-key", f"the key {key!r} is given twice", hint, *_at(key_node))
            out[key] = value(value_node, depth)
        return out

    def _scalar(self, node: ScalarNode) -> Any:
        value = node.value
        if node.tag != _PLAIN:
            if node.tag not in (_STR, "!"):
                what = f"the tag {node.tag} is not allowed in content files"
                self._problem("yaml-syntax", what, "write plain YAML values", *_at(node))
            return value
        if not value or value in _NULLS:
            return None
        first = value[0]
        if first in "tTfF":
            return _BOOLEANS.get(value, value)
        if first in "0123456789+-.":
            if _INT.match(value) and len(value) < 20:
                return int(value)
            if _FLOAT.match(value):
                return float(value)
        return value

    def _problem(self, code: str, message: str, hint: str, line: int = 0, column: int = 0) -> None:
        self.problems.append(Problem(file=self.file, line=line, column=column, code=code, message=message, hint=hint))

    # -- places ---------------------------------------------------------------------------------------------------

    def _inside(self, node: ScalarNode, offset: int) -> tuple[int, int]:
        """Line and column of character `offset` of a scalar's value."""
        places = offsets(self.text, node)
        return self._line_column(places[max(0, min(offset, len(places) - 1))])

    def _line_column(self, at: int) -> tuple[int, int]:
        line = self.text.count("\n", 0, at) + 1
        return line, at - self.text.rfind("\n", 0, at)


def _byte_place(body: bytes, at: int) -> tuple[int, int]:
    """Line and column (in characters) of a byte."""
    start = body.rfind(b"\n", 0, at) + 1
    return body.count(b"\n", 0, at) + 1, len(body[start:at].decode("utf-8", "replace")) + 1


def _key(node: Node) -> Any:
    return node.value if isinstance(node, ScalarNode) else str(node.value)


def _at(node: Node) -> tuple[int, int]:
    return node.start_mark.line + 1, node.start_mark.column + 1

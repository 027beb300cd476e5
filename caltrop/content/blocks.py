"""A YAML mapping's text cut into its keys: each block is the comments above a key, the key and its value.

Blocks can be moved, renamed and re-indented without touching what is inside them. Block style only; the values of a
mapping in flow style are written anew.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from yaml.nodes import CollectionNode, MappingNode

from caltrop.content.document import Document, Path
from caltrop.content.edits import scalar


class Block(NamedTuple):
    """`text` ends with a line break and is indented as it will stand at the top level."""

    key: str
    text: str


def cut(document: Document, path: Path = ()) -> tuple[list[Block], str]:
    """The blocks of the mapping at `path`, moved to the left margin, and what follows the last one (comments)."""
    node = document.node(path)
    if not isinstance(node, MappingNode) or node.flow_style:
        value: Any = document.data
        for step in path:
            value = value[step]
        return [Block(str(k), render(str(k), v)) for k, v in value.items()], ""
    text = document.text
    column = node.start_mark.column
    starts = [_line_start(text, key.start_mark.index) for key, _ in node.value]
    end = _end(text, node)
    keys = [str(key.value) for key, _ in node.value]
    # Comments directly above a key belong to it.
    begins = [
        _with_comments(text, start, starts[i - 1] if i else _first(text, path, starts))
        for i, start in enumerate(starts)
    ]
    blocks = [
        Block(key, dedent(text[begin:stop], column))
        for key, begin, stop in zip(keys, begins, [*begins[1:], end], strict=True)
    ]
    return blocks, text[end:] if not path else ""


def head(document: Document) -> str:
    """What stands above the first key: a document marker, blank lines (comments belong to the first block)."""
    node = document.node(())
    if not isinstance(node, MappingNode) or not node.value:
        return ""
    first = _line_start(document.text, node.value[0][0].start_mark.index)
    return document.text[: _with_comments(document.text, first, 0)]


def rename(block: Block, key: str) -> Block:
    """The same block under another key."""
    lines = block.text.splitlines(keepends=True)
    for index, line in enumerate(lines):
        if line.startswith(block.key):
            lines[index] = key + line[len(block.key) :]
            break
    return Block(key, "".join(lines))


def comments(block: Block) -> str:
    """The comment lines of a block that is replaced, at the left margin."""
    found = [line.strip() for line in block.text.splitlines() if line.lstrip().startswith("#")]
    return "".join(f"{line}\n" for line in found)


def dedent(text: str, column: int) -> str:
    """Every line moved `column` to the left; lines that are less indented (comments, blank lines) as far as they go."""
    out = []
    for line in text.splitlines(keepends=True):
        space = len(line) - len(line.lstrip(" "))
        out.append(line[min(space, column) :])
    moved = "".join(out)
    return moved if moved.endswith("\n") or not moved else moved + "\n"


def render(key: str, value: Any, indent: str = "") -> str:
    """`key: value` in block style, for values that are written anew."""
    if isinstance(value, dict) and value:
        return f"{indent}{key}:\n" + "".join(render(str(k), v, indent + "  ") for k, v in value.items())
    if isinstance(value, list) and value:
        return f"{indent}{key}:\n" + "".join(_item(item, indent) for item in value)
    if isinstance(value, list | dict):
        return f"{indent}{key}: {'[]' if isinstance(value, list) else '{}'}\n"
    if isinstance(value, str) and "\n" in value.strip("\n") and value == value.lstrip() and _printable(value):
        body = value.rstrip("\n")
        sign = "|" if value.endswith("\n") else "|-"
        return f"{indent}{key}: {sign}\n" + "".join(
            f"{indent}  {line}\n" if line else "\n" for line in body.split("\n")
        )
    return f"{indent}{key}: {scalar(value)}\n"


def _item(value: Any, indent: str) -> str:
    if isinstance(value, dict) and value:
        lines = "".join(render(str(k), v, indent + "  ") for k, v in value.items())
        return f"{indent}- {lines[len(indent) + 2 :]}"
    if isinstance(value, list):
        return f"{indent}- [{', '.join(scalar(v) for v in value)}]\n"
    return f"{indent}- {scalar(value)}\n"


def joined(blocks: Iterable[Block]) -> str:
    return "".join(block.text for block in blocks)


def _printable(value: str) -> bool:
    return all(c == "\n" or c.isprintable() for c in value) and not any(
        line != line.rstrip() for line in value.split("\n")
    )


def _line_start(text: str, at: int) -> int:
    return text.rfind("\n", 0, at) + 1


def _first(text: str, path: Path, starts: list[int]) -> int:
    """How far up comments above the first key may go: to the file's start, or the line of the parent's key."""
    return 0 if not path else _line_start(text, max(starts[0] - 1, 0))


def _with_comments(text: str, start: int, floor: int) -> int:
    """The start of the comment lines right above `start`."""
    at = start
    while at > floor:
        previous = _line_start(text, at - 1)
        line = text[previous:at].strip()
        if previous < floor or not line.startswith("#"):
            break
        at = previous
    return at


def _end(text: str, node: CollectionNode) -> int:
    """After the last line of the last value."""
    last: Any = node
    while isinstance(last, CollectionNode) and not last.flow_style and last.value:
        item = last.value[-1]
        last = item[1] if isinstance(item, tuple) else item
    visible = last.start_mark.index + len(text[last.start_mark.index : last.end_mark.index].rstrip())
    end = text.find("\n", visible)
    return len(text) if end < 0 else end + 1

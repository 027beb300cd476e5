"""What a script computes with: texts, numbers, arrays and tables, as PowerShell turns one into another.

A value is a str, int, float, bool, None (`$null`), bytes, a list (an array), a dict (a hashtable, keys in lower case), or one of
the classes below. What only a running PowerShell could know is `Unread`: the text that was written for it.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Dict, Iterable, List, Optional, Tuple, Union

from .limits import MAX_ITEMS, MAX_MADE, MAX_PLAIN, MAX_STRING, MAX_VALUE, MAX_VALUES
from .syntax import Block, Node

Value = Any
Strings = List[str]
FieldValue = Union[str, Strings]  # of a field of a hit: a text, or several


class WorkExceeded(Exception):
    """The evaluation took more steps, or made more text, than one event is worth."""


class Budget:
    """Steps and characters left for one event, shared by all the scripts in it."""

    def __init__(self, steps: int, nodes: int = 0, made: int = MAX_MADE) -> None:
        self.steps = steps
        self.nodes = nodes
        self.made = made

    def spend(self, steps: int = 1) -> None:
        """Pay for steps. Raises WorkExceeded."""
        self.steps -= steps
        if self.steps < 0:
            raise WorkExceeded

    def pay(self, length: int) -> None:
        """Pay for text or items that are made: a step for every 1,024, and the characters. Raises WorkExceeded."""
        self.made -= length
        self.steps -= length >> 10
        if self.made < 0 or self.steps < 0:
            raise WorkExceeded

    def pay_items(self, count: int) -> None:
        """Pay for items of an array that are looked at or held: a step for every eight. Raises WorkExceeded."""
        self.made -= count << 3
        self.steps -= count >> 3
        if self.made < 0 or self.steps < 0:
            raise WorkExceeded

    def decide(self, text: str) -> None:
        """Called with every evaluated text that the reading goes by, or that is taken apart. See `shapes`."""


class Unread(str):
    """A text, some of it not known: what is not is there as it was written. `urls` are those that it was fetched from."""

    urls: Tuple[str, ...] = ()


_LONGEST_NUMBER = 1024  # characters of a text that is a number, with blanks around it


class Char(str):
    """`[char]`: one UTF-16 unit (or one character beyond them)."""

    __slots__ = ()


class Type:
    """`[name]`, lower case, without `System.`"""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = type_name(name)


class Closure:
    """A script block, or what `[scriptblock]::Create` makes."""

    __slots__ = ("block",)

    def __init__(self, block: Block) -> None:
        self.block = block


class Thing:
    """An object by what it is for: `kind` names it, `data` is its one property that matters; `source` was written for it."""

    __slots__ = ("data", "kind", "source")

    def __init__(self, kind: str, data: Value = None, source: str = "") -> None:
        self.kind, self.data, self.source = kind, data, source


def type_name(name: str) -> str:
    """A type's name as it is compared: lower case, without blanks and without `System.`"""
    name = "".join(name.lower().split())
    return name[7:] if name.startswith("system.") else name


def is_known(value: Value, budget: Budget) -> bool:
    """Whether nothing of a value is unread; paid for by what is looked at. Raises WorkExceeded."""
    if isinstance(value, list):
        budget.spend(len(value) >> 3)
        return all(is_known(item, budget) for item in value)
    return not isinstance(value, Unread) and (not isinstance(value, Thing) or value.kind == "match")


def text_of(value: Value, separator: str = " ") -> str:
    """A value as PowerShell writes it into a string; Unread where some of it is."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "True" if value else "False"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(value)
    if isinstance(value, (list, bytes)):
        return joined(value[:MAX_PLAIN], separator, MAX_VALUE)
    if isinstance(value, dict):
        return "System.Collections.Hashtable"
    if isinstance(value, Closure):
        return value.block.text[value.block.start : value.block.end]
    if isinstance(value, Type):
        return value.name
    if isinstance(value, Thing):
        return str(value.data[0]) if value.kind == "match" else Unread(value.source)
    return Unread("")


def unread(text: str, *parts: Value) -> Unread:
    """A text made of parts that are not all known, cut at MAX_VALUE; it comes from wherever they do."""
    made = Unread(text[:MAX_VALUE])
    urls = [url for part in parts if isinstance(part, Unread) for url in part.urls]
    if urls:
        made.urls = tuple(dict.fromkeys(urls))[:MAX_VALUES]
    return made


def written(node: Node, *parts: Value) -> Unread:
    """A piece of script as it stands in its text, for a value that is not known and was made of `parts`."""
    return unread(node.text[node.start : min(node.end, node.start + MAX_VALUE)], *parts)


def joined(values: Iterable[Value], separator: str = " ", most: int = MAX_STRING) -> str:
    """Values as one text, cut at `most` characters without making much more of it first."""
    parts: List[str] = []
    room = most
    unknown = [separator] if isinstance(separator, Unread) else []
    for value in values:
        if room <= 0:
            break
        text = value if isinstance(value, str) else text_of(value)
        if isinstance(text, Unread):
            unknown.append(text)
        parts.append(text)
        room -= len(text) + len(separator)
    whole = separator.join(parts)[:most]
    return unread(whole, *unknown) if unknown else whole


def number_of(value: Value) -> Optional[Union[int, float]]:
    """A value as a number; None where it is none, or is not known."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, Unread):
        return None
    if isinstance(value, Char):
        return ord(value[:1] or "\0")
    if value is None:
        return 0
    if isinstance(value, str):
        text = value.strip().lower() if len(value) <= _LONGEST_NUMBER else value
        if len(text) > 40:
            return None
        try:
            if text[:2] == "0x":
                return int(text, 16)
            if text.isascii():
                return int(text) if text.lstrip("+-").isdigit() else float(text) if text else 0
        except ValueError:
            return None
    if isinstance(value, list) and len(value) == 1:
        return number_of(value[0])
    return None


def integer_of(value: Value) -> Optional[int]:
    """A value as an integer, rounded to even as PowerShell does."""
    number = number_of(value)
    if number is None:
        return None
    try:
        return round(number)
    except (OverflowError, ValueError):
        return None


def truth_of(value: Value) -> Optional[bool]:
    """A value as a condition; None where it is not known."""
    if isinstance(value, (Unread, Thing)):
        return None
    if isinstance(value, list):
        return truth_of(value[0]) if len(value) == 1 else bool(value)
    if isinstance(value, Char):
        return value != "\0"
    if isinstance(value, (Type, Closure, dict)):
        return True
    return bool(value)


def items_of(value: Value) -> List[Value]:
    """What a pipeline makes of a value: an array's items, nothing of `$null`, else the value."""
    if isinstance(value, list):
        return value
    if isinstance(value, bytes):
        return list(value[:MAX_ITEMS])
    return [] if value is None else [value]


def few_of(value: Value) -> List[Value]:
    """The first MAX_PLAIN items of a value: where it stands for names."""
    return (
        value[:MAX_PLAIN]
        if isinstance(value, list)
        else items_of(value[:MAX_PLAIN] if isinstance(value, bytes) else value)
    )


def flat_texts(value: Value) -> Strings:
    """A value as the texts of a field, arrays within arrays opened, at most MAX_VALUES."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [
            joined(
                [f"{key}={joined(flat_texts(item))[:MAX_VALUE]}" for key, item in islice(value.items(), MAX_PLAIN)],
                "; ",
            )
        ]
    if isinstance(value, list):
        found: Strings = []
        for item in value[:MAX_PLAIN]:
            found += flat_texts(item)
            if len(found) >= MAX_VALUES:
                break
        return found[:MAX_VALUES]
    return [] if value is None else [text_of(value)]


def table_of(value: Value) -> Dict[str, Value]:
    """A value as a table, {} where it is none."""
    return value if isinstance(value, dict) else {}


def collapsed(values: List[Value]) -> Value:
    """What an expression has of a pipeline's output: nothing, the one value, or an array."""
    return None if not values else values[0] if len(values) == 1 else values


Arguments = List[Tuple[str, Value]]  # of a command: (lower-case parameter or "", value)

"""What PowerShell's operators and casts make of known values (about_Operators); NotImplemented where that is not known."""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional

from . import patterns
from .limits import MAX_ITEMS, MAX_STRING, MAX_VALUES
from .values import (
    Budget,
    Char,
    Closure,
    Thing,
    Type,
    Unread,
    Value,
    integer_of,
    is_known,
    items_of,
    joined,
    number_of,
    text_of,
    truth_of,
    type_name,
    unread,
)

_FORMAT = re.compile(r"\{\{|\}\}|\{\s*(\d{1,3})\s*(?:,\s*(-?\d{1,3}))?\s*(?::([^{}]{0,32}))?\}")
_COST = 5  # a matcher's look at 32 characters costs a step


def add(left: Value, right: Value, budget: Budget) -> Value:
    """`+`: what the left side is decides."""
    if isinstance(left, str) and not isinstance(left, Char):
        if isinstance(right, (list, bytes)):
            budget.pay_items(len(right))
            right = joined(right)
        text = text_of(right)
        if len(left) + len(text) > MAX_STRING:
            return unread(left, left, text)
        budget.pay(len(left) + len(text))
        return (
            unread(str(left) + text, left, text)
            if isinstance(left, Unread) or isinstance(text, Unread)
            else left + text
        )
    if isinstance(left, (list, bytes)):
        more = right if isinstance(right, (list, bytes)) else [right]
        budget.pay(4 * (len(left) + len(more)))
        whole = [*left, *more]
        return whole[:MAX_ITEMS]
    if isinstance(left, dict):
        if not isinstance(right, dict):
            return left
        budget.pay_items(2 * (len(left) + len(right)))
        return {**left, **right}
    if left is None:
        return right
    if isinstance(left, Char):
        if isinstance(right, str):
            return add(str(left), right, budget)
        return _calculated("+", ord(left[:1] or "\0"), right)
    if isinstance(left, Thing):
        return unread(text_of(left) + text_of(right), text_of(left), text_of(right))
    return _calculated("+", left, right)


def _calculated(operator: str, left: Value, right: Value) -> Value:
    one, other = number_of(left), number_of(right)
    if one is None or other is None:
        return NotImplemented
    if operator == "+":
        result = one + other
    elif operator == "-":
        result = one - other
    elif operator == "*":
        result = one * other
    elif other == 0:
        return NotImplemented
    elif operator == "/":
        exact = one / other
        result = int(exact) if isinstance(one, int) and isinstance(other, int) and one % other == 0 else exact
    else:
        result = abs(one) % abs(other) * (-1 if one < 0 else 1)
    return result if -(2**63) <= result < 2**64 else NotImplemented


def multiply(left: Value, right: Value, budget: Budget) -> Value:
    """`*`: a number, or a text or an array repeated."""
    if isinstance(left, (str, list)) and not isinstance(left, Char):
        times = integer_of(right)
        if times is None or isinstance(left, Unread):
            return NotImplemented
        if times < 0 or len(left) * times > (MAX_STRING if isinstance(left, str) else MAX_ITEMS):
            return NotImplemented
        budget.pay(len(left) * times * (8 if isinstance(left, list) else 1))
        return left * times
    return _calculated("*", left, right)


def bitwise(operator: str, left: Value, right: Value) -> Value:
    """`-band`, `-bor`, `-bxor`, `-shl`, `-shr`."""
    one, other = integer_of(left), integer_of(right)
    if one is None or other is None:
        return NotImplemented
    if operator == "band":
        return one & other
    if operator == "bor":
        return one | other
    if operator == "bxor":
        return one ^ other
    return ((one << (other & 31)) & 0xFFFFFFFF) if operator == "shl" else one >> (other & 31)


def span(left: Value, right: Value, budget: Budget) -> Value:
    """`a..b`."""
    one, other = integer_of(left), integer_of(right)
    if one is None or other is None or abs(one - other) >= MAX_ITEMS:
        return NotImplemented
    budget.pay_items(abs(one - other) + 1)
    return list(range(one, other + 1)) if one <= other else list(range(one, other - 1, -1))


def formatted(template: Value, items: List[Value], budget: Budget) -> Value:
    """`-f`: placeholders with alignment, `D`, `X` and `N`-like formats of integers; what has no item stays."""
    text = text_of(template)
    budget.decide(text)
    parts: List[str] = []
    unknown: List[Value] = [text] if isinstance(text, Unread) else []
    room, pos = MAX_STRING, 0
    for found in _FORMAT.finditer(text):
        parts.append(text[pos : found.start()])
        pos = found.end()
        if found.group(1) is None:
            parts.append(found.group()[0])
            continue
        number = int(found.group(1))
        if number >= len(items):
            parts.append(found.group())
            continue
        if isinstance(items[number], (list, bytes)):
            budget.spend(16)
        piece = text_of(items[number])
        if isinstance(piece, Unread):
            unknown.append(piece)
        if found.group(3):
            budget.decide(piece)
            piece = _in_format(items[number], found.group(3))
        if found.group(2):
            width = min(abs(int(found.group(2))), 512)
            budget.decide(piece)
            piece = piece.ljust(width) if found.group(2)[0] == "-" else piece.rjust(width)
        parts.append(piece)
        room -= len(piece)
        budget.pay(len(piece))
        if room <= 0:
            break
    parts.append(text[pos:])
    budget.pay(len(text))
    whole = "".join(parts)[:MAX_STRING]
    return unread(whole, *unknown) if unknown else whole


def _in_format(value: Value, form: str) -> str:
    number = integer_of(value) if not isinstance(value, str) else None
    kind, digits = form[0], form[1:]
    width = min(int(digits), 99) if digits.isdigit() and digits.isascii() and len(digits) < 4 else 0
    if number is not None and kind in "dD":
        return str(abs(number)).rjust(width, "0") if number >= 0 else "-" + str(-number).rjust(width, "0")
    if number is not None and kind in "xX" and number >= 0:
        return format(number, kind).rjust(width, "0")
    return text_of(value)


def join(items: Value, separator: Value, budget: Budget) -> Value:
    """`-join`."""
    if isinstance(items, Thing):
        return NotImplemented
    if isinstance(items, (list, bytes)):
        budget.spend(len(items) >> 2)
    whole = joined(items if isinstance(items, (list, bytes)) else [items], text_of(separator))
    budget.pay(len(whole) + (len(items) if isinstance(items, (list, bytes)) else 1))
    return whole


def split(text: Value, by: Value, budget: Budget, ignore_case: bool = True) -> Value:
    """`-split`, with a pattern, a count and `simplematch`, or a block, which is not known."""
    how = by[:8] if isinstance(by, list) else [by]
    found: List[Value] = []
    for item in text if isinstance(text, list) else [text]:
        if isinstance(item, (Unread, Thing)) or not how or isinstance(how[0], (Unread, Thing, Closure)):
            return NotImplemented
        budget.spend(2)
        whole, pattern = text_of(item), text_of(how[0])
        budget.decide(whole)
        budget.decide(pattern)
        count = (integer_of(how[1]) or 0) if len(how) > 1 else 0
        size = patterns.chunk_size(pattern)
        if size:
            pieces = [whole[at : at + size] for at in range(0, len(whole), size)] + (
                [""] if len(whole) % size == 0 else []
            )
        else:
            simple = len(how) > 2 and text_of(how[2]).lower() == "simplematch"
            compiled = patterns.compiled(re.escape(pattern) if simple else pattern, ignore_case, len(whole), budget)
            if compiled is None:
                return NotImplemented
            budget.spend(len(whole) * (1 + pattern.count("|")) >> _COST)
            pieces = [piece for piece in compiled.split(whole, max(count - 1, 0)) if piece is not None]
        budget.pay(len(pieces) + len(whole))
        found += pieces
        if len(found) > MAX_ITEMS:
            return NotImplemented
    return found if len(found) != 1 else found[0]


def replace(text: Value, by: Value, budget: Budget, ignore_case: bool = True) -> Value:
    """`-replace`."""
    how = by[:8] if isinstance(by, list) else [by]
    if not how or not is_known(how, budget) or isinstance(text, Thing):
        return NotImplemented
    pattern = text_of(how[0])
    replacement = text_of(how[1]) if len(how) > 1 else ""
    budget.decide(pattern)
    if len(how) > 1 and isinstance(how[1], Closure):
        return NotImplemented
    found: List[Value] = []
    for item in text if isinstance(text, list) else [text]:
        whole = text_of(item)
        compiled = patterns.compiled(pattern, ignore_case, len(whole), budget)
        if compiled is None:
            return NotImplemented
        budget.decide(whole)
        budget.spend(2 + (len(whole) * (1 + pattern.count("|")) >> _COST))
        made = replaced(compiled, replacement, whole, budget)
        if made is None:
            return NotImplemented
        found.append(unread(made, whole) if isinstance(whole, Unread) else made)
    return found if isinstance(text, list) else found[0]


def replaced(
    compiled: "re.Pattern[str]", replacement: str, text: str, budget: Budget, one: Optional[Callable[..., str]] = None
) -> Optional[str]:
    """A text with every match replaced; None where that grows beyond MAX_STRING."""
    parts: List[str] = []
    pos, room = 0, MAX_STRING - len(text)
    for match in compiled.finditer(text):
        budget.spend()
        piece = one(match) if one else patterns.filled(replacement, match)
        parts += [text[pos : match.start()], piece]
        pos = match.end()
        room -= len(piece) - (match.end() - match.start())
        if room < 0:
            return None
    parts.append(text[pos:])
    budget.pay(len(text) + 4 * len(parts))
    return "".join(parts)


def compare(operator: str, left: Value, right: Value, budget: Budget) -> Value:
    """`-eq`, `-like`, `-match`, `-contains`, … ; an array on the left is filtered."""
    case = operator[0] == "c" and operator not in ("contains",)
    name = operator[1:] if operator[:1] in "ci" and operator not in ("contains", "in", "is", "isnot") else operator
    for side in (left, right):
        if isinstance(side, str):
            budget.spend(len(side) >> 9)
    if name in ("contains", "notcontains", "in", "notin"):
        whole, one = (left, right) if "contains" in name else (right, left)
        budget.spend(len(whole) >> 2 if isinstance(whole, (list, bytes)) else 1)
        if not is_known(whole, budget) or not is_known(one, budget):
            return NotImplemented
        items = items_of(whole)[:MAX_VALUES]
        budget.spend(sum(len(item) for item in items if isinstance(item, str)) >> 9)
        found = any(_equal(item, one, case, budget) for item in items)
        return found != name.startswith("not")
    if isinstance(left, list):
        budget.spend(min(len(left), MAX_ITEMS))
        results = [(item, compare(operator, item, right, budget)) for item in left[:MAX_ITEMS]]
        if any(result is NotImplemented for _, result in results):
            return NotImplemented
        return [item for item, result in results if result]
    if not is_known(left, budget) or not is_known(right, budget):
        return NotImplemented
    if name in ("eq", "ne"):
        return _equal(left, right, case, budget) == (name == "eq")
    if name in ("gt", "ge", "lt", "le"):
        return _ordered(name, left, right, budget)
    if name in ("like", "notlike", "match", "notmatch"):
        text, pattern = text_of(left), text_of(right)
        budget.decide(text)
        budget.decide(pattern)
        if len(text) > 4096:
            return NotImplemented
        budget.spend(1 + (len(text) * (1 + pattern.count("|")) >> _COST))
        if "like" in name:
            glob = patterns.like(pattern)
            return NotImplemented if glob is None or len(text) > 256 else bool(glob.match(text)) == (name == "like")
        compiled = patterns.compiled(pattern, not case, len(text), budget)
        return NotImplemented if compiled is None else bool(compiled.search(text)) == (name == "match")
    return NotImplemented


def matches(pattern: str, case: bool, text: str, budget: Budget) -> Value:
    """`$Matches` after a text was found to match: its groups by number and by name."""
    found = patterns.compiled(pattern, not case, len(text), budget)
    match = found.search(text) if found else None
    if match is None:
        return NotImplemented
    groups = {str(number): group for number, group in enumerate((match.group(), *match.groups())) if group is not None}
    return {**groups, **{name.lower(): group for name, group in match.groupdict().items() if group is not None}}


def _equal(left: Value, right: Value, case: bool, budget: Budget) -> bool:
    if isinstance(left, str):
        one, other = str(left), str(text_of(right))
        budget.decide(one)
        budget.decide(other)
        return one == other if case else one.lower() == other.lower()
    if isinstance(left, bool) or left is None or right is None:
        return left is right if left is None or right is None else left == truth_of(right)
    number = number_of(right)
    if isinstance(right, str):
        budget.decide(right)
    return number is not None and left == number


def _ordered(name: str, left: Value, right: Value, budget: Budget) -> Value:
    if isinstance(left, str) and not isinstance(left, Char):
        budget.decide(left)
        other = text_of(right)
        budget.decide(other)
        one: Value = left.lower()
        two: Value = other.lower()
    else:
        if isinstance(right, str):
            budget.decide(right)
        one, two = number_of(left), number_of(right)
        if one is None or two is None:
            return NotImplemented
    return {"gt": one > two, "ge": one >= two, "lt": one < two, "le": one <= two}[name]


# -- casts

_INTEGERS = frozenset(["int", "int32", "int16", "int64", "long", "uint32", "uint16", "uint64", "byte", "sbyte", "short", "ulong", "ushort", "uint", "bigint", "numerics.biginteger"])  # fmt: skip
_FLOATS = frozenset(["double", "float", "single", "decimal"])


def cast(name: str, value: Value, budget: Budget) -> Value:
    """`[name]value`; NotImplemented for types whose conversion is not known."""
    name = type_name(name)
    if name in ("void",):
        return None
    if name in ("string", "object", "psobject", "management.automation.psobject", "array"):
        if name == "array":
            return value if isinstance(value, list) else items_of(value)
        if name != "string":
            return value
        if isinstance(value, Thing):
            return NotImplemented
        text = text_of(value)
        budget.pay(len(text))
        return text if isinstance(text, Unread) or not isinstance(text, Char) else str(text)
    if name in ("char[]", "byte[]", "string[]", "object[]", "int[]", "int32[]", "collections.arraylist", "int64[]", "uint32[]"):  # fmt: skip
        return _cast_items(name, value, budget)
    if isinstance(value, (Unread, Thing)):
        return value if isinstance(value, Unread) and name in ("scriptblock", "uri") else NotImplemented
    if name == "char":
        return _char(value, budget)
    if name in _INTEGERS or name in _FLOATS:
        if isinstance(value, str) and not isinstance(value, Char):
            budget.decide(value)
        number = number_of(value)
        if number is None or (isinstance(value, list) and len(value) != 1):
            return NotImplemented
        return (
            (integer_of(number) if integer_of(number) is not None else NotImplemented)
            if name in _INTEGERS
            else float(number)
        )
    if name in ("bool", "boolean", "switch", "management.automation.switchparameter"):
        truth = truth_of(value)
        return NotImplemented if truth is None else truth
    if name == "type":
        text = text_of(value)
        budget.decide(text)
        return value if isinstance(value, Type) else Type(text)
    if name in ("uri", "guid", "version", "ipaddress", "net.ipaddress", "xml", "datetime", "mailaddress"):
        return value if isinstance(value, str) else NotImplemented
    if name in (
        "hashtable",
        "ordered",
        "pscustomobject",
        "management.automation.pscustomobject",
        "collections.hashtable",
    ):
        return value if isinstance(value, dict) else NotImplemented
    if name == "regex":
        return Thing("regex", text_of(value))
    return NotImplemented


def _char(value: Value, budget: Budget) -> Value:
    if isinstance(value, Char):
        return value
    if isinstance(value, str):
        budget.decide(value)
        return Char(value) if len(value) == 1 else NotImplemented
    code = integer_of(value)
    return Char(chr(code)) if code is not None and 0 <= code <= 0xFFFF else NotImplemented


def _cast_items(name: str, value: Value, budget: Budget) -> Value:
    if isinstance(value, (Unread, Thing)):
        return NotImplemented
    if name == "char[]" and isinstance(value, str):
        budget.decide(value)
        budget.pay_items(len(value))
        budget.spend(len(value) >> 2)
        return list(map(Char, value[:MAX_ITEMS]))
    if name == "byte[]" and isinstance(value, bytes):
        return value
    items = items_of(value) if value is not None else []
    kind = name[:-2]
    budget.pay_items(2 * len(items))
    if kind in ("object", "collections.arrayli"):
        return list(items)
    budget.spend(1 + len(items))
    found: List[Value] = []
    for item in items:
        made = cast(kind, item, budget)
        if made is NotImplemented:
            return NotImplemented
        found.append(made)
    if kind == "byte":
        return bytes(found) if all(isinstance(n, int) and 0 <= n < 256 for n in found) else NotImplemented
    return found


Operator = Callable[[Value, Value, Budget], Value]


def _unless_unread(operate: Operator) -> Operator:
    def safe(left: Value, right: Value, budget: Budget) -> Value:
        if isinstance(left, (Unread, Thing)) or isinstance(right, (Unread, Thing)):
            return NotImplemented
        for side in (left, right):
            if isinstance(side, str):
                budget.decide(side)
        return operate(left, right, budget)

    return safe


BINARY: Dict[str, Operator] = {
    "+": add,
    "-": _unless_unread(lambda left, right, budget: _calculated("-", left, right)),
    "*": _unless_unread(multiply),
    "/": _unless_unread(lambda left, right, budget: _calculated("/", left, right)),
    "%": _unless_unread(lambda left, right, budget: _calculated("%", left, right)),
    "..": _unless_unread(span),
    "f": lambda left, right, budget: formatted(left, right if isinstance(right, list) else [right], budget),
    "join": join,
    "split": split,
    "isplit": split,
    "csplit": lambda left, right, budget: split(left, right, budget, False),
    "replace": replace,
    "ireplace": replace,
    "creplace": lambda left, right, budget: replace(left, right, budget, False),
    "as": lambda left, right, budget: cast(right.name if isinstance(right, Type) else text_of(right), left, budget),
    **{
        name: _unless_unread(lambda left, right, budget, name=name: bitwise(name, left, right))  # type: ignore[misc]
        for name in ("band", "bor", "bxor", "shl", "shr")
    },
}

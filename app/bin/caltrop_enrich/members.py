"""What PowerShell's methods and properties make of known values: those of strings, arrays, and the .NET types scripts decode with.

An allow list: everything else is NotImplemented. Nothing is executed; streams are opened up to MAX_STRING bytes.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
import zlib
from typing import Callable, Dict, List, Optional

from . import operators, patterns
from .constants import METHODS
from .limits import MAX_ITEMS, MAX_STRING
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
    text_of,
    unread,
)

_BASE64_BLANKS = dict.fromkeys(map(ord, " \t\r\n"))  # what .NET passes over
_ENCODINGS = {
    "ascii": "ascii", "utf8": "utf-8", "unicode": "utf-16-le", "bigendianunicode": "utf-16-be", "utf7": "utf-7", "utf32": "utf-32-le",
    "default": "cp1252", "latin1": "latin-1", "utf-8": "utf-8", "utf-16": "utf-16-le", "utf-16le": "utf-16-le", "us-ascii": "ascii",
    "windows-1252": "cp1252", "iso-8859-1": "latin-1", "65001": "utf-8", "1200": "utf-16-le", "20127": "ascii", "1252": "cp1252",
    "28591": "latin-1", "utf-16be": "utf-16-be",
}  # fmt: skip


# -- strings


def of_text(text: str, name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    """A property (`arguments` None) or a method of a string."""
    if name == "length" and not arguments:
        budget.decide(text)
        return len(text)
    if arguments is None:
        # An address, a URI, a GUID and a version are the texts that they are made of.
        return text if name in ("ipaddresstostring", "originalstring", "guid") else METHODS.get(name, NotImplemented)
    reader = _TEXT_METHODS.get(name)
    budget.spend(sum(len(argument) for argument in arguments if isinstance(argument, list)) >> 1)
    if reader is None or not is_known(arguments, budget):
        return NotImplemented
    budget.decide(text)
    for argument in arguments:
        for item in argument if isinstance(argument, list) else (argument,):
            if isinstance(item, str):
                budget.decide(item)
    budget.pay(len(text))
    return reader(text, arguments, budget)


def _substring(text: str, arguments: List[Value], budget: Budget) -> Value:
    numbers = [integer_of(argument) for argument in arguments]
    first = numbers[0] if numbers else None
    length = numbers[1] if len(numbers) > 1 else len(text) - (first or 0)
    if first is None or length is None or first < 0 or length < 0 or first + length > len(text):
        return NotImplemented
    return text[first : first + length]


def _replace(text: str, arguments: List[Value], budget: Budget) -> Value:
    if len(arguments) < 2:
        return NotImplemented
    old, new = text_of(arguments[0]), text_of(arguments[1])
    if not old or len(text) + text.count(old) * (len(new) - len(old)) > MAX_STRING:
        return NotImplemented
    made = text.replace(old, new)
    budget.pay(len(made))
    return made


def _split(text: str, arguments: List[Value], budget: Budget) -> Value:
    by = arguments[0] if arguments else ""
    drops = any(_drops_empty(argument) for argument in arguments[1:])
    count = next(
        (
            integer_of(a)
            for a in arguments[1:]
            if isinstance(a, int) and not isinstance(a, bool) and len(arguments) == 2 and a > 1
        ),
        None,
    )
    if len(arguments) == 2 and isinstance(by, Char) and isinstance(arguments[1], Char):
        by = list(arguments)  # Split('a', 'b')
    if len(arguments) > 1 and all(isinstance(a, str) and len(a) == 1 for a in arguments):
        by = list(arguments)
    separators = [text_of(item) for item in (by if isinstance(by, list) else [by])]
    # 5.1's Split takes characters; whole strings only where an array of strings comes with options.
    whole = isinstance(by, list) and len(arguments) > 1 and any(len(item) > 1 for item in separators)
    if whole:
        pattern = "|".join(re.escape(item) for item in separators if item)
    else:
        letters = "".join(separators)
        pattern = "[" + re.escape(letters) + "]" if letters else r"\s"
    if not pattern or len(pattern) > 4096:
        return NotImplemented
    budget.spend(1 + len(text) // 64)
    pieces: List[Value] = list(re.split(pattern, text, maxsplit=count - 1 if count else 0))
    budget.pay(len(pieces))
    if drops:
        pieces = [piece for piece in pieces if piece]
    return pieces if len(pieces) <= MAX_ITEMS else NotImplemented


def _drops_empty(option: Value) -> bool:
    if isinstance(option, Thing):
        return bool(option.data == "removeemptyentries")
    return not isinstance(option, bool) and text_of(option).lower() in ("removeemptyentries", "1")


def _trimmer(method: Callable[..., str]) -> "Callable[[str, List[Value], Budget], Value]":
    def trim(text: str, arguments: List[Value], budget: Budget) -> Value:
        letters = "".join(text_of(item) for argument in arguments for item in items_of(argument))
        return method(text, letters or None)

    return trim


def _insert(text: str, arguments: List[Value], budget: Budget) -> Value:
    place = integer_of(arguments[0]) if arguments else None
    if place is None or len(arguments) < 2 or not 0 <= place <= len(text):
        return NotImplemented
    return text[:place] + text_of(arguments[1]) + text[place:]


def _remove(text: str, arguments: List[Value], budget: Budget) -> Value:
    numbers = [integer_of(argument) for argument in arguments]
    first = numbers[0] if numbers else None
    count = numbers[1] if len(numbers) > 1 else len(text)
    if first is None or count is None or first < 0 or count < 0:
        return NotImplemented
    return text[:first] + text[first + count :]


def _padder(method: Callable[..., str]) -> "Callable[[str, List[Value], Budget], Value]":
    def pad(text: str, arguments: List[Value], budget: Budget) -> Value:
        width = integer_of(arguments[0]) if arguments else None
        if width is None or not 0 <= width <= 65536:
            return NotImplemented
        budget.pay(width)
        return method(text, width, text_of(arguments[1])[:1] if len(arguments) > 1 else " ")

    return pad


def _index(method: Callable[..., int]) -> "Callable[[str, List[Value], Budget], Value]":
    def find(text: str, arguments: List[Value], budget: Budget) -> Value:
        return method(text, text_of(arguments[0])) if len(arguments) == 1 else NotImplemented

    return find


def _characters(text: str, arguments: List[Value], budget: Budget) -> Value:
    budget.pay_items(len(text))
    budget.spend(len(text) >> 3)
    return list(map(Char, text[:MAX_ITEMS]))


def _char_at(text: str, arguments: List[Value], budget: Budget) -> Value:
    place = integer_of(arguments[0]) if arguments else None
    return Char(text[place]) if place is not None and 0 <= place < len(text) else NotImplemented


def _same(text: str, arguments: List[Value], budget: Budget) -> Value:
    return text


_TEXT_METHODS: Dict[str, Callable[[str, List[Value], Budget], Value]] = {
    "substring": _substring,
    "replace": _replace,
    "split": _split,
    "tolower": lambda text, arguments, budget: text.lower(),
    "toupper": lambda text, arguments, budget: text.upper(),
    "tolowerinvariant": lambda text, arguments, budget: text.lower(),
    "toupperinvariant": lambda text, arguments, budget: text.upper(),
    "trim": _trimmer(str.strip),
    "trimstart": _trimmer(str.lstrip),
    "trimend": _trimmer(str.rstrip),
    "tochararray": _characters,
    "getenumerator": _characters,
    "tostring": _same,
    "normalize": _same,
    "clone": _same,
    "insert": _insert,
    "remove": _remove,
    "padleft": _padder(str.rjust),
    "padright": _padder(str.ljust),
    "chars": _char_at,
    "get_chars": _char_at,
    "indexof": _index(str.find),
    "lastindexof": _index(str.rfind),
    "startswith": lambda text, arguments, budget: text.startswith(text_of(arguments[0])) if arguments else NotImplemented,
    "endswith": lambda text, arguments, budget: text.endswith(text_of(arguments[0])) if arguments else NotImplemented,
    "contains": lambda text, arguments, budget: text_of(arguments[0]) in text if arguments else NotImplemented,
    "equals": lambda text, arguments, budget: text == text_of(arguments[0]) if arguments else NotImplemented,
    "get_length": lambda text, arguments, budget: len(text),
}  # fmt: skip


# -- indexes


def indexed(value: Value, index: Value, budget: Budget) -> Value:
    """`value[index]`; several indexes give an array."""
    if isinstance(value, dict):
        keys = [text_of(key).lower() for key in (index if isinstance(index, list) else [index])]
        for key in keys:
            budget.decide(key)
        found = [value.get(key) for key in keys]
        return found if isinstance(index, list) else found[0]
    if not isinstance(value, (str, list, bytes)) or isinstance(value, Unread):
        return NotImplemented
    if isinstance(value, str):
        budget.decide(value)
    size = len(value)
    many = index if isinstance(index, list) else [index]
    if len(many) > MAX_ITEMS:
        return NotImplemented
    budget.pay_items(len(many))
    budget.spend(len(many) >> 2)
    picked: List[Value] = []
    for one in many:
        if isinstance(one, str):
            budget.decide(one)
        place = integer_of(one)
        if place is None:
            return NotImplemented
        if -size <= place < size:
            picked.append(Char(value[place]) if isinstance(value, str) else value[place])
        elif not isinstance(index, list):
            return None
    return picked if isinstance(index, list) else picked[0]


# -- arrays and things


def of_list(items: List[Value], name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    """A property or a method of an array itself; NotImplemented where it is its items' (or nobody's)."""
    if name in ("length", "count", "longlength") and arguments is None:
        return len(items)
    if arguments is None:
        return NotImplemented
    if name in ("getvalue", "get_item", "item") and arguments:
        return indexed(items, arguments[0], budget)
    if name in ("dequeue", "pop") and items:
        return items.pop(0 if name == "dequeue" else -1)
    if name in ("add", "addrange", "enqueue", "push"):
        if len(items) < MAX_ITEMS and arguments:
            more = items_of(arguments[0]) if name == "addrange" else [arguments[0]]
            budget.pay_items(len(more))
            items.extend(list(more))
        return None
    if name == "reverse" and not arguments:
        budget.pay(len(items))
        items.reverse()
        return None
    if name in ("getenumerator", "toarray", "clone"):
        budget.pay_items(len(items))
        return list(items)
    if name == "contains" and arguments:
        return operators.compare("contains", items, arguments[0], budget)
    if name == "getlength":
        return len(items)
    return NotImplemented


def of_thing(thing: Thing, name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    """A property or a method of an object the reader made."""
    kind, data = thing.kind, thing.data
    budget.spend(sum(len(argument) for argument in arguments or () if isinstance(argument, list)) >> 2)
    if kind == "encoding" and name == "getstring" and arguments:
        return decoded(_bytes(arguments[0]), data, budget)
    if kind == "encoding" and name == "getbytes" and arguments and is_known(arguments[0], budget):
        budget.decide(text_of(arguments[0]))
        budget.pay(2 * len(text_of(arguments[0])))
        return text_of(arguments[0]).encode(data, "replace")
    if kind in ("memory", "stream") and name == "toarray":
        return bytes(data)
    if kind in ("memory", "stream") and name == "write" and arguments:
        written = _bytes(arguments[0])
        if written is None or len(data) + len(written) > MAX_STRING:
            return NotImplemented
        budget.pay(len(data) + len(written))
        thing.data = bytes(data) + written
        return None
    if kind in ("memory", "stream") and name == "copyto" and arguments and isinstance(arguments[0], Thing):
        arguments[0].data = bytes(data)
        return None
    if kind in ("memory", "stream", "reader") and name in ("close", "dispose", "seek", "flush", "position"):
        return None
    if kind in ("memory", "stream") and name == "length":
        return len(data)
    if kind == "reader" and name in ("readtoend", "readline", "read"):
        return data
    if kind == "regex":
        return _regex(data, name, arguments, budget)
    if kind == "match":
        if name == "value":
            return data[0]
        if name == "groups":
            return [Thing("match", [group]) for group in data]
        if name == "index":
            return thing.source and int(thing.source)
    if kind == "variable":
        if name == "value":
            return data[1]
        if name in ("name", "key"):
            return data[0]
    if kind == "command" and name in ("name", "definition", "resolvedcommandname", "resolvedcommand"):
        return data
    if kind == "credential" and name in ("getnetworkcredential",):
        return thing
    return NotImplemented


def _regex(pattern: str, name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    return _regex_static(name, [arguments[0], pattern, *arguments[1:]], budget) if arguments else NotImplemented


def _bytes(value: Value) -> Optional[bytes]:
    if isinstance(value, bytes):
        return value
    if isinstance(value, Thing) and value.kind in ("memory", "stream"):
        return bytes(value.data)
    if isinstance(value, list):
        numbers = [integer_of(item) for item in value]
        if all(number is not None and 0 <= number < 256 for number in numbers):
            return bytes(number for number in numbers if number is not None)
    return None


def decoded(data: Optional[bytes], encoding: str, budget: Budget) -> Value:
    """Bytes as text."""
    if data is None:
        return NotImplemented
    budget.pay(len(data))
    if encoding == "utf-16-le":
        data = data[: len(data) // 2 * 2]
    text = data[:MAX_STRING].decode(encoding, "replace")
    return text[1:] if text[:1] == "\ufeff" else text


# -- objects that New-Object or a cast makes


def make(name: str, arguments: List[Value], budget: Budget, source: str) -> Value:
    """`New-Object name arguments`; NotImplemented where the reader has no use for it."""
    budget.spend(sum(len(argument) for argument in arguments if isinstance(argument, (list, bytes))) >> 2)
    budget.spend(len(arguments) >> 3)
    if name in ("io.memorystream",):
        data = _bytes(arguments[0]) if arguments else b""
        return NotImplemented if data is None else Thing("memory", data, source)
    if name in ("io.compression.deflatestream", "io.compression.gzipstream"):
        inner = arguments[0] if arguments else None
        if not isinstance(inner, Thing) or inner.kind not in ("memory", "stream"):
            return NotImplemented
        data = inflated(bytes(inner.data), "gzip" in name, budget)
        return NotImplemented if data is None else Thing("stream", data, source)
    if name == "io.streamreader":
        inner = arguments[0] if arguments else None
        if not isinstance(inner, Thing) or inner.kind not in ("memory", "stream"):
            return NotImplemented
        encoding = next((a.data for a in arguments[1:] if isinstance(a, Thing) and a.kind == "encoding"), "utf-8")
        return Thing("reader", decoded(bytes(inner.data), encoding, budget), source)
    if name in ("string", "char[]"):
        if not arguments:
            return ""
        if len(arguments) > 1 and isinstance(arguments[0], str):
            return operators.multiply(str(arguments[0])[:1], arguments[1], budget)
        return operators.join(arguments[0], "", budget)
    if name in (
        "collections.arraylist",
        "collections.queue",
        "collections.stack",
        "byte[]",
        "object[]",
    ) or _COLLECTION.search(name):
        if name == "byte[]":
            size = integer_of(arguments[0]) if arguments else None
            return bytes(min(size, MAX_ITEMS)) if size is not None and size >= 0 else NotImplemented
        return list(items_of(arguments[0])) if arguments else []
    if name in ("hashtable", "collections.hashtable"):
        return {}
    if name in ("diagnostics.processstartinfo", "diagnostics.process"):
        names = ("filename", "arguments")
        return Thing("instance", dict(zip(names, arguments)), source)
    if name == "text.stringbuilder":
        return Thing("builder", text_of(arguments[0]) if arguments else "", source)
    if name in _ENCODING_TYPES:
        return Thing("encoding", _ENCODING_TYPES[name], source)
    if name in ("net.webclient", "net.http.httpclient"):
        return Thing("webclient", None, source)
    if name in ("management.automation.pscredential",):
        return Thing("credential", text_of(arguments[0]) if arguments else "", source)
    if name == "uri" and arguments:
        return text_of(arguments[0])
    if name == "regex" and arguments:
        return Thing("regex", text_of(arguments[0]), source)
    return NotImplemented


_COLLECTION = re.compile(r"(?:list|queue|stack|hashset)\[")
_ENCODING_TYPES = {
    "text.asciiencoding": "ascii",
    "text.utf8encoding": "utf-8",
    "text.unicodeencoding": "utf-16-le",
    "text.utf7encoding": "utf-7",
    "text.utf32encoding": "utf-32-le",
}


def inflated(data: bytes, gzip: bool, budget: Budget) -> Optional[bytes]:
    """What a deflate or gzip stream holds, its first MAX_STRING bytes; None where it is none."""
    budget.pay(len(data))
    engine = zlib.decompressobj(47 if gzip else -15)
    try:
        found = engine.decompress(data, MAX_STRING)
    except zlib.error:
        return None
    budget.pay(4 * len(found))
    return found


# -- types


def of_type(kind: Type, name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    """A static property (`arguments` None) or method."""
    owner = kind.name
    if owner in ("text.encoding", "encoding"):
        if arguments is None and name in _ENCODINGS:
            return Thing("encoding", _ENCODINGS[name])
        if name == "getencoding" and arguments:
            named = _ENCODINGS.get(text_of(arguments[0]).lower())
            return Thing("encoding", named) if named else NotImplemented
    if owner in _ENCODING_TYPES and arguments is None:
        return Thing("encoding", _ENCODINGS.get(name, _ENCODING_TYPES[owner]))
    if arguments is None:
        if owner == "string" and name == "empty":
            return ""
        if owner in (
            "io.compression.compressionmode",
            "stringsplitoptions",
            "io.seekorigin",
            "text.regularexpressions.regexoptions",
        ):
            return Thing("option", name)
        limits = {"maxvalue": {"int": 2**31 - 1, "int32": 2**31 - 1, "byte": 255, "char": 65535, "int16": 32767, "int64": 2**63 - 1}, "minvalue": {"int": -(2**31)}}  # fmt: skip
        if owner == "math" and name == "pi":
            return 3.141592653589793
        if owner == "environment" and name in ("newline",):
            return "\r\n"
        return limits.get(name, {}).get(owner, NotImplemented)
    if name == "new":
        return make(owner, arguments, budget, "")
    reader = _STATIC.get(owner)
    if reader is None:
        return NotImplemented
    budget.spend(sum(len(argument) for argument in arguments if isinstance(argument, (list, bytes))) >> 2)
    if not all(is_known(argument, budget) or isinstance(argument, (list, Thing)) for argument in arguments):
        return NotImplemented
    return reader(name, arguments, budget)


def _convert(name: str, arguments: List[Value], budget: Budget) -> Value:
    if not arguments:
        return NotImplemented
    value = arguments[0]
    if name == "frombase64string":
        text = text_of(value)
        if isinstance(text, Unread):
            return NotImplemented
        budget.decide(text)
        budget.spend(len(text) >> 7)
        text = text.translate(_BASE64_BLANKS)
        budget.pay(len(text))
        try:
            return base64.b64decode(text, validate=True)[:MAX_STRING]
        except (binascii.Error, ValueError):
            return NotImplemented
    if name == "tobase64string":
        data = _bytes(value)
        return NotImplemented if data is None else base64.b64encode(data[:MAX_STRING]).decode()
    if name in ("toint16", "toint32", "toint64", "touint16", "touint32", "touint64", "tobyte", "tosbyte", "touint"):
        if len(arguments) > 1:
            base = integer_of(arguments[1])
            text = text_of(value).strip()
            budget.decide(text)
            if base not in (2, 8, 10, 16) or not text.isascii() or "_" in text or len(text) > 70:
                return NotImplemented
            try:
                return int(text, base)
            except ValueError:
                return NotImplemented
        if isinstance(value, str) and not isinstance(value, Char):
            budget.decide(value)
        number = integer_of(value)
        return NotImplemented if number is None else number
    if name == "tochar":
        return operators.cast("char", value, budget)
    if name == "tostring":
        number = integer_of(value)
        base = integer_of(arguments[1]) if len(arguments) > 1 else 10
        if isinstance(value, str) and base == 10:
            return str(value)
        if number is None or number < 0 or base not in (2, 8, 10, 16):
            return NotImplemented
        return format(number, {2: "b", 8: "o", 10: "d", 16: "x"}[base])
    return NotImplemented


def _string(name: str, arguments: List[Value], budget: Budget) -> Value:
    if name == "join" and len(arguments) > 1:
        items = arguments[1] if len(arguments) == 2 else arguments[1:]
        return operators.join(items if isinstance(items, (list, bytes)) else [items], arguments[0], budget)
    if name == "concat":
        items = arguments[0] if len(arguments) == 1 and isinstance(arguments[0], list) else arguments
        return operators.join(items, "", budget)
    if name == "format" and arguments:
        items = arguments[1] if len(arguments) == 2 and isinstance(arguments[1], list) else arguments[1:]
        return operators.formatted(arguments[0], items, budget)
    if name in ("new", "copy", "intern") and arguments:
        return operators.join(arguments[0], "", budget)
    if name == "isnullorempty" and arguments:
        return not text_of(arguments[0])
    return NotImplemented


def _char(name: str, arguments: List[Value], budget: Budget) -> Value:
    if not arguments:
        return NotImplemented
    if name == "convertfromutf32":
        code = integer_of(arguments[0])
        return (
            chr(code) if code is not None and 0 <= code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else NotImplemented
        )
    if name in ("toupper", "tolower", "tostring"):
        made = operators.cast("char", arguments[0], budget)
        if made is NotImplemented:
            return made
        return Char(made.upper()[:1] if name == "toupper" else made.lower()[:1] if name == "tolower" else made)
    return NotImplemented


def _array(name: str, arguments: List[Value], budget: Budget) -> Value:
    if name == "reverse" and arguments and isinstance(arguments[0], list):
        budget.pay(len(arguments[0]))
        arguments[0].reverse()
        return None
    return NotImplemented


def _regex_static(name: str, arguments: List[Value], budget: Budget) -> Value:
    if len(arguments) < 2 or not is_known(arguments[0], budget) or not is_known(arguments[1], budget):
        return NotImplemented
    text, pattern = text_of(arguments[0]), text_of(arguments[1])
    if name in ("escape", "unescape"):
        return NotImplemented
    budget.decide(text)
    budget.decide(pattern)
    options = " ".join(_option(argument) for argument in arguments[2:])
    compiled = patterns.compiled(pattern, "ignorecase" in options, len(text), budget)
    if compiled is None:
        return NotImplemented
    budget.spend(1 + (len(text) * (1 + pattern.count("|")) >> 5))
    if name == "replace" and len(arguments) > 2:
        if isinstance(arguments[2], Closure):
            return NotImplemented
        made = operators.replaced(compiled, text_of(arguments[2]), text, budget)
        return NotImplemented if made is None else made
    if name == "split":
        pieces = [piece for piece in compiled.split(text) if piece is not None]
        budget.pay(len(pieces) + len(text))
        return pieces[:MAX_ITEMS]
    if name in ("matches", "match"):
        backwards = "righttoleft" in options
        # From the right the same pieces come out where each is one character, or where pieces of one length cut the text evenly.
        alike = pattern in (".", "(.)", "[\\s\\S]") or (set(pattern) == {"."} and len(text) % len(pattern) == 0)
        if backwards and not alike:
            return NotImplemented
        found: List[Value] = [
            Thing("match", [match.group(), *[group or "" for group in match.groups()]], str(match.start()))
            for _, match in zip(range(MAX_ITEMS), compiled.finditer(text))
        ]
        budget.pay(8 * len(found))
        budget.spend(len(found))
        if backwards:
            found.reverse()
        return found if name == "matches" else found[0] if found else NotImplemented
    if name == "ismatch":
        return bool(compiled.search(text))
    return NotImplemented


def _option(value: Value) -> str:
    if isinstance(value, Thing):
        return str(value.data)
    if isinstance(value, int):
        return ("righttoleft " if value & 64 else "") + ("ignorecase" if value & 1 else "")
    return " ".join(text_of(item).lower() for item in items_of(value))


def _bit_converter(name: str, arguments: List[Value], budget: Budget) -> Value:
    data = _bytes(arguments[0]) if arguments else None
    if name == "tostring" and data is not None:
        budget.pay(3 * len(data))
        return "-".join(format(byte, "02X") for byte in data[: MAX_ITEMS // 3])
    return NotImplemented


def _math(name: str, arguments: List[Value], budget: Budget) -> Value:
    number = integer_of(arguments[0]) if arguments else None
    if number is None:
        return NotImplemented
    if name == "abs":
        return abs(number)
    if name in ("max", "min") and len(arguments) > 1:
        other = integer_of(arguments[1])
        return NotImplemented if other is None else (max if name == "max" else min)(number, other)
    return (
        number
        if name in ("floor", "ceiling", "round", "truncate") and isinstance(arguments[0], int)
        else NotImplemented
    )


def _web(name: str, arguments: List[Value], budget: Budget) -> Value:
    text = text_of(arguments[0]) if arguments else ""
    if isinstance(text, Unread) or len(text) > MAX_STRING // 8:
        return NotImplemented
    budget.decide(text)
    budget.pay(4 * len(text))
    if name in ("urldecode", "unescapedatastring", "unescape"):
        return urllib.parse.unquote_plus(text) if name == "urldecode" else urllib.parse.unquote(text)
    if name == "htmldecode":
        return html.unescape(text)
    return NotImplemented


def _numbers(name: str, arguments: List[Value], budget: Budget) -> Value:
    if name != "parse" or not arguments:
        return NotImplemented
    text = text_of(arguments[0])
    budget.decide(text)
    hexadecimal = len(arguments) > 1 and "hex" in _option(arguments[1])
    try:
        return (
            int(text, 16 if hexadecimal else 10)
            if len(text) < 20 and text.isascii() and "_" not in text
            else NotImplemented
        )
    except ValueError:
        return NotImplemented


_STATIC: Dict[str, Callable[[str, List[Value], Budget], Value]] = {
    "convert": _convert,
    "string": _string,
    "char": _char,
    "array": _array,
    "regex": _regex_static,
    "text.regularexpressions.regex": _regex_static,
    "bitconverter": _bit_converter,
    "math": _math,
    "uri": _web,
    "net.webutility": _web,
    "web.httputility": _web,
    **dict.fromkeys(("int", "int32", "byte", "int16", "int64", "uint32", "long"), _numbers),
}


def of_builder(thing: Thing, name: str, arguments: Optional[List[Value]], budget: Budget) -> Value:
    """A StringBuilder's methods, which give the builder back."""
    text = text_of(thing.data)
    if name == "tostring":
        return thing.data
    if name in ("append", "appendline") and arguments is not None:
        more = text_of(arguments[0]) if arguments else ""
        if len(text) + len(more) + 2 > MAX_STRING:
            return NotImplemented
        budget.pay(len(text) + len(more))
        whole = text + more + ("\r\n" if name == "appendline" else "")
        thing.data = unread(whole, text, more) if isinstance(text, Unread) or isinstance(more, Unread) else whole
        return thing
    if name == "length":
        return len(text)
    made = of_text(text, name, arguments, budget) if not isinstance(text, Unread) else NotImplemented
    if made is NotImplemented:
        return NotImplemented
    thing.data = made
    return thing

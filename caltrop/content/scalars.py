"""Where each character of a YAML scalar's value stands in the file, whatever the style of quoting and folding."""

from __future__ import annotations

from yaml.nodes import ScalarNode

# Escapes of a double-quoted scalar that give white space; the others, and those by number, give a character to be seen.
_BLANK = frozenset("nrtvf \tNLP_")
_NUMBERED = {"x": 2, "u": 4, "U": 8}


def offsets(text: str, node: ScalarNode) -> list[int]:
    """For each character of the node's value, and for its end, the offset into `text`.

    Folding and quoting only change white space and escapes, so the n-th visible character of the value is the n-th visible
    character of the source. White space is said to be right behind what precedes it.
    """
    start, end = node.start_mark.index, node.end_mark.index
    seen = iter(_visible(text[start:end], node.style))
    out: list[int] = []
    behind = start
    for char in node.value:
        at = behind if char.isspace() else next(seen, (end - start, 0))[0] + start
        if not char.isspace():
            behind = at
        out.append(at)
        behind += 1
    # A blank before the first visible character is at the first one; the end, and blanks before it, right behind the last one.
    first = next((at for at, char in zip(out, node.value, strict=True) if not char.isspace()), start)
    last = next((at for at, char in zip(reversed(out), reversed(node.value), strict=True) if not char.isspace()), start)
    return [min(max(at, first), last + 1) for at in out] + [last + 1]


def _visible(raw: str, style: str | None) -> list[tuple[int, int]]:
    """Offsets in `raw` at which a visible character of the scalar's value begins, each with its length there."""
    out: list[tuple[int, int]] = []
    at, end = 0, len(raw)
    if style in ("|", ">"):
        at = raw.find("\n") + 1 or end
    elif style in ("'", '"'):
        at, end = 1, len(raw) - 1
    while at < end:
        char = raw[at]
        length = 1
        if style == '"' and char == "\\" and at + 1 < end:
            escape = raw[at + 1]
            digits = _NUMBERED.get(escape, 0)
            length = 2 + digits
            if escape == "\n":
                visible = False
            elif digits:
                visible = not chr(int(raw[at + 2 : at + length], 16)).isspace()
            else:
                visible = escape not in _BLANK
        elif style == "'" and raw.startswith("''", at):
            length, visible = 2, True
        else:
            visible = not char.isspace()
        if visible:
            out.append((at, length))
        at += length
    return out

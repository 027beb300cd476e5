"""XML text -> a tree whose elements know their line and column. No entities, no document types: content is not trusted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

MAX_DEPTH = 100


class NotXml(ValueError):
    """The text is not well-formed, or declares a document type. `line` and `column` count from 1."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(message)
        self.line = line
        self.column = column


@dataclass(slots=True)
class Element:
    """`parts` are texts and elements in order; `line` and `column` (from 1) are where it begins."""

    tag: str
    attributes: dict[str, str]
    line: int
    column: int
    parts: list[Element | str] = field(default_factory=list)

    @property
    def children(self) -> list[Element]:
        return [part for part in self.parts if isinstance(part, Element)]

    @property
    def text(self) -> str:
        """Its own text, without that of its elements, without the space around it."""
        return "".join(part for part in self.parts if isinstance(part, str)).strip()

    @property
    def whole_text(self) -> str:
        """All text in it."""
        return "".join(part if isinstance(part, str) else part.whole_text for part in self.parts)

    def find(self, tag: str) -> Element | None:
        return next((child for child in self.children if child.tag == tag), None)

    def all(self, tag: str) -> list[Element]:
        return [child for child in self.children if child.tag == tag]

    def text_of(self, tag: str) -> str:
        """The text of its first element of that name; "" without one."""
        found = self.find(tag)
        return found.text if found else ""

    def walk(self) -> Iterator[Element]:
        """Itself and everything in it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()


def parse(text: str) -> Element:
    """The root. Raises `NotXml`."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    roots: list[Element] = []
    above: list[Element] = []

    def place() -> tuple[int, int]:
        return parser.CurrentLineNumber, parser.CurrentColumnNumber + 1

    def start(tag: str, attributes: dict[str, str]) -> None:
        if len(above) >= MAX_DEPTH:
            raise NotXml(f"elements are nested more than {MAX_DEPTH} deep", *place())
        element = Element(tag, attributes, *place())
        if above:
            above[-1].parts.append(element)
        else:
            roots.append(element)
        above.append(element)

    def end(tag: str) -> None:
        above.pop()

    def words(data: str) -> None:
        if above:
            above[-1].parts.append(data)

    def doctype(*_: object) -> None:
        raise NotXml("a document type is declared, which views do not have", *place())

    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = words
    parser.StartDoctypeDeclHandler = doctype
    try:
        parser.Parse(text.encode("utf-8", "surrogatepass"), True)
    except expat.ExpatError as error:
        raise NotXml(expat.errors.messages[error.code], error.lineno, error.offset + 1) from None
    return roots[0]

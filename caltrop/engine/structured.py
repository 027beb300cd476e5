"""spath: what a path reaches in JSON or XML text (Search Reference: spath).

JSON array indexes count from 0, XML element indexes from 1. `{@name}` is an XML attribute. `{}` reaches into an object as
into an array of one: the documentation is silent, but published detections read `requestParameters{}.bucketName` of CloudTrail,
where requestParameters is an object, and fire in Splunk. A plain value has no elements.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from caltrop.engine import jsonvalues
from caltrop.engine.jsonvalues import Json

if TYPE_CHECKING:
    from lxml import etree


def spath_values(text: str, path: str) -> list[str]:
    """The texts at the path, in document order; nothing when the text is neither JSON nor XML."""
    start = text.lstrip()[:1]
    if start in ("{", "["):
        value, valid = jsonvalues.parse_json(text)
        steps = jsonvalues.parse_path(path)
        if not valid or steps is None:
            return []
        return [_text(item) for item in jsonvalues.select(value, steps, objects_too=True)]
    if start == "<":
        root = parse_xml(text)
        return [] if root is None else list(_xml_at(root, path))
    return []


def _text(value: Json) -> str:
    """null has the text null, as in Splunk's JSON extraction."""
    text = jsonvalues.plain(value)
    return "null" if text is None else text


# --- XML ----------------------------------------------------------------------------------------------------------------


def parse_xml(text: str) -> etree._Element | None:
    """The root element; entities are not resolved and nothing is fetched. None when it is not well-formed."""
    from lxml import etree  # where XML is read: few searches do

    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True,
                             remove_pis=True)  # fmt: skip
    try:
        return etree.fromstring(text.strip().encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None


def local_name(element: etree._Element) -> str:
    tag = element.tag
    return re.sub(r"^\{[^}]*\}", "", tag) if isinstance(tag, str) else ""


def _children(element: etree._Element) -> Iterator[etree._Element]:
    return (child for child in element if isinstance(child.tag, str))


def inner_text(element: etree._Element) -> str | None:
    """The text of a leaf, the inner markup of an element with children; None when empty."""
    if len(element):
        from lxml import etree

        parts = [element.text or ""]
        parts += [etree.tostring(child, encoding="unicode") for child in element]
        return "".join(parts).strip() or None
    text = (element.text or "").strip()
    return text or None


@lru_cache(maxsize=1024)
def _xml_steps(path: str) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """(element name, what stands in its braces) of each step."""
    steps = []
    for name in re.split(r"\.(?![^{]*\})", path):
        match = re.fullmatch(r"([^{}]*)((?:\{[^{}]*\})*)", name, re.DOTALL)
        if match is None:
            return ()
        steps.append((match[1], tuple(re.findall(r"\{([^{}]*)\}", match[2]))))
    return tuple(steps)


def _xml_at(root: etree._Element, path: str) -> Iterator[str]:
    level: list[etree._Element] = [root]
    first = True
    for name, braces in _xml_steps(path):
        if first:
            level = [root] if name in (local_name(root), "") else []
        elif name:
            level = [c for element in level for c in _children(element) if local_name(c) == name]
        first = False
        for brace in braces:
            if brace.startswith("@"):
                yield from _attributes(level, brace[1:])
                return
            if re.fullmatch(r"\d+", brace):
                at = int(brace) - 1
                level = level[at : at + 1] if at >= 0 else []
    for element in level:
        text = inner_text(element)
        if text is not None:
            yield text


def _attributes(elements: list[etree._Element], name: str) -> Iterator[str]:
    for element in elements:
        for key, value in element.attrib.items():
            if re.sub(r"^\{[^}]*\}", "", str(key)) == name:
                yield str(value)

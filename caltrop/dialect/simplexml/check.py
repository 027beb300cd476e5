"""What is wrong with a view: elements, attributes, options, tokens, conditions, each at its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from caltrop.dialect.simplexml.document import Element, NotXml, parse
from caltrop.dialect.simplexml.tokens import FILTERS, TOKEN, names
from caltrop.dialect.simplexml.vocabulary import (
    ALWAYS,
    ELEMENTS,
    HANDLERS,
    HTML,
    NUMBER_FORMAT,
    OPTIONS,
    REPEATED,
    VISUALIZATIONS,
    WHERE,
    Kind,
)
from caltrop.dialect.words import did_you_mean

_SUB_TOKENS = ("earliest", "latest")
# Texts of these elements may hold tokens; of the others a dollar sign is one.
_TOKENS_IN = frozenset(
    {
        "query",
        "earliest",
        "latest",
        "title",
        "description",
        "option",
        "link",
        "set",
        "default",
        "initialValue",
        "choice",
        "refresh",
    }
)


class Mistake(NamedTuple):
    """`line` and `column` count from 1; `hint` is "" where nothing helps."""

    line: int
    column: int
    message: str
    hint: str = ""


def check(text: str) -> list[Mistake]:
    """Every mistake of a view, in order of place."""
    try:
        root = parse(text)
    except NotXml as error:
        return [Mistake(error.line, error.column, f"this is not XML: {error}", "write & as &amp; and < as &lt;")]
    if root.attributes.get("version") == "2":
        return list(_studio(root))
    if root.tag not in ("dashboard", "form"):
        hint = 'a view begins with <dashboard version="1.1"> or, with inputs, <form version="1.1">'
        return [_at(root, f"<{root.tag}> begins no view", hint)]
    return sorted([*_version(root), *_elements(root), *_searches(root), *_conditions(root), *_tokens(root)])


def parts(root: Element) -> Iterator[Element]:
    """The elements of the language: what an HTML panel holds is HTML."""
    yield root
    if root.tag != "html":
        for child in root.children:
            yield from parts(child)


def _at(element: Element, message: str, hint: str = "") -> Mistake:
    return Mistake(element.line, element.column, message, hint)


def _studio(root: Element) -> Iterator[Mistake]:
    if root.tag != "dashboard":
        yield _at(root, f"a view of Dashboard Studio begins with <dashboard>, not <{root.tag}>")
    elif root.find("definition") is None:
        yield _at(root, "a view of Dashboard Studio has its JSON in <definition>", 'version="1.1" is Simple XML')


def _version(root: Element) -> Iterator[Mistake]:
    if "version" not in root.attributes:
        hint = 'write version="1.1": Splunk 9 and 10 hold others to be of the old jQuery'
        yield _at(root, f"<{root.tag}> has no version", hint)
    for name in ("script", "stylesheet"):
        if name in root.attributes:
            yield _at(root, f"<{root.tag} {name}=…> loads custom code", "Splunk Cloud's vetting asks for views without")


# -- elements, attributes, options -------------------------------------------------------------------------------------


def _elements(element: Element) -> Iterator[Mistake]:
    kind = ELEMENTS[element.tag]
    yield from _attributes(element, kind)
    if not kind.text and element.text:
        yield _at(element, f"text stands in <{element.tag}>: {element.text[:40]!r}", _allowed(kind.children))
    seen: set[str] = set()
    if element.tag == "html":
        yield from _html(element)
        return
    for child in element.children:
        if child.tag not in kind.children:
            hint = did_you_mean(child.tag, kind.children) or _allowed(kind.children)
            yield _at(child, f"<{child.tag}> cannot stand in <{element.tag}>", hint)
            continue
        if child.tag in seen and child.tag not in REPEATED | VISUALIZATIONS | {"set", "unset", "eval"}:
            yield _at(child, f"<{child.tag}> stands twice in <{element.tag}>", "only one counts")
        seen.add(child.tag)
        yield from _elements(child)
    yield from _options(element)


def _attributes(element: Element, kind: Kind) -> Iterator[Mistake]:
    for name, value in element.attributes.items():
        pattern = kind.attributes.get(name)
        if pattern is None:
            hint = did_you_mean(name, kind.attributes) or _allowed(kind.attributes)
            yield _at(element, f"<{element.tag}> has no attribute {name!r}", hint)
        elif not re.fullmatch(pattern, value):
            yield _at(element, f"{name}={value!r} of <{element.tag}> is not what it takes", _choices(pattern))
    for name in kind.required:
        if name not in element.attributes:
            yield _at(element, f"<{element.tag}> needs the attribute {name!r}")


def _allowed(words: object) -> str:
    listed = sorted(str(word) for word in words) if isinstance(words, (frozenset, dict)) else []
    return f"it takes {', '.join(listed)}" if listed else "it takes none"


def _choices(pattern: str) -> str:
    if pattern.startswith(r"\s*\$"):
        return "tokens, each in dollar signs, with commas between them"
    return f"one of {pattern.replace('|', ', ')}" if re.fullmatch(r"[\w.|]+", pattern) else f"it fits {pattern}"


def _options(element: Element) -> Iterator[Mistake]:
    known = OPTIONS.get(element.tag) if element.tag != "format" else None
    if element.tag == "format" and element.attributes.get("type") == "number":
        known = NUMBER_FORMAT
    seen: set[str] = set()
    for option in element.all("option"):
        name = option.attributes.get("name", "")
        if name in seen:
            yield _at(option, f"the option {name!r} is given twice", "only one counts")
        seen.add(name)
        if known is None:
            continue
        pattern = known.get(name)
        if pattern is None:
            yield _at(option, f"<{element.tag}> has no option {name!r}", did_you_mean(name, known) or _allowed(known))
        elif not re.fullmatch(pattern, option.text) and not names(option.text):
            yield _at(option, f"the option {name!r} is {option.text!r}", _choices(pattern))


def _html(element: Element) -> Iterator[Mistake]:
    for inner in element.walk():
        if inner is element:
            continue
        if inner.tag not in HTML:
            yield _at(inner, f"<{inner.tag}> cannot stand in an HTML panel", "no scripts, frames, forms or objects")
        for name, value in inner.attributes.items():
            if name.lower().startswith("on") or value.strip().lower().startswith(("javascript:", "data:", "vbscript:")):
                yield _at(inner, f"<{inner.tag} {name}=…> runs code", "a link leads to an address")


# -- searches, conditions ----------------------------------------------------------------------------------------------


def _searches(root: Element) -> Iterator[Mistake]:
    ids: dict[str, Element] = {}
    for element in parts(root):
        id_ = element.attributes.get("id")
        if id_ is not None and element.tag in ELEMENTS:
            if id_ in ids:
                yield _at(element, f"the id {id_!r} is there already", f"line {ids[id_].line} has it")
            ids.setdefault(id_, element)
    searches = [element for element in parts(root) if element.tag == "search"]
    known = {one.attributes["id"] for one in searches if "id" in one.attributes}
    for one in searches:
        base = one.attributes.get("base")
        if base is not None and base not in known:
            yield _at(
                one, f"no search has the id {base!r}", did_you_mean(base, known) or "give the base search that id"
            )
        if base is not None and (one.find("earliest") or one.find("latest")):
            yield _at(one, "a search with a base has a time range of its own", "the range is that of its base")
        if not one.text_of("query") and "ref" not in one.attributes and base is None:
            yield _at(one, "the search has no <query>", "or names a report in the attribute ref")
    for visualization in (element for element in parts(root) if element.tag in VISUALIZATIONS):
        if visualization.find("search") is None:
            yield _at(visualization, f"<{visualization.tag}> has no <search>")
    for one in (element for element in parts(root) if element.tag == "input"):
        if one.find("search") is not None and not (one.text_of("fieldForLabel") and one.text_of("fieldForValue")):
            yield _at(one, "an input with a search needs <fieldForLabel> and <fieldForValue>")
        if "token" not in one.attributes and one.attributes.get("type") not in ("time", "link"):
            yield _at(one, "the input sets no token", "give it the attribute token")


def _conditions(root: Element) -> Iterator[Mistake]:
    for element in parts(root):
        if element.tag not in HANDLERS | {"drilldown", "change"}:
            continue
        conditions = element.all("condition")
        if conditions and len(conditions) != len(element.children):
            yield _at(
                element, f"<{element.tag}> has conditions and what stands beside them", "put all of it into conditions"
            )
        for number, one in enumerate(conditions):
            given = {name for name in ("field", "match", "label", "value") if name in one.attributes}
            if "match" in given and len(given) > 1:
                yield _at(one, "<condition> has match and another attribute", "match alone decides")
            wrong = given & ({"label", "value"} if element.tag == "drilldown" else {"field"})
            if wrong:
                hint = "a drilldown's has field or match" if element.tag == "drilldown" else "label, value or match"
                yield _at(one, f"<condition> of <{element.tag}> has no {min(wrong)!r}", hint)
            if "match" in given and not one.attributes["match"].strip():
                yield _at(one, "match is empty", 'an expression as of eval, with tokens: $x$ == "y"')
            decides = given and {one.attributes[name] for name in given} != {"*"}
            if not decides and number < len(conditions) - 1:
                yield _at(
                    one, "this condition always holds, and others follow", "put it last: the first that holds counts"
                )
    for option in (element for element in parts(root) if element.tag in VISUALIZATIONS):
        drilldown = option.find("drilldown")
        off = {
            one.text
            for one in option.all("option")
            if one.attributes.get("name") in ("drilldown", "charting.drilldown")
        }
        if drilldown is not None and off == {"none"}:
            yield _at(drilldown, "there is a drilldown, and the option that turns it off", "remove one of them")


# -- tokens ------------------------------------------------------------------------------------------------------------


def _tokens(root: Element) -> Iterator[Mistake]:
    known = _set_somewhere(root)
    yield from _used(root, known, ())


def _set_somewhere(root: Element) -> set[str]:
    """Every token that an input, or an action, sets."""
    found: set[str] = set()
    for element in parts(root):
        name = element.attributes.get("token", "")
        if not name or element.tag not in ("input", "set", "unset", "eval"):
            continue
        found.add(name)
        if element.tag == "input":
            found.add(f"form.{name}")
            if element.attributes.get("type") == "time":
                found |= {f"{prefix}{name}.{end}" for prefix in ("", "form.") for end in _SUB_TOKENS}
    found |= {name.removeprefix("form.") for name in found}
    return found


def _used(element: Element, known: set[str], around: tuple[str, ...]) -> Iterator[Mistake]:
    if element.tag == "drilldown":
        around = ("drilldown",)
    elif element.tag in HANDLERS:
        around = ("search",)
    elif element.tag in ("change", "selection"):
        around = (element.tag,)
    texts = [
        value for name, value in element.attributes.items() if name in ("depends", "rejects", "match", "base", "ref")
    ]
    if element.tag in _TOKENS_IN or (element.tag == "eval" and "token" in element.attributes):
        texts.append(element.text)
    if element.tag == "html":
        texts += [element.whole_text, *(value for one in element.walk() for value in one.attributes.values())]
    for text in texts:
        for match in TOKEN.finditer(text):
            if match[1] is None:
                continue
            if match[2] and match[2] not in FILTERS:
                hint = f"filters are {', '.join(sorted(FILTERS))}"
                yield _at(element, f"the token ${match[1]}$ has a filter {match[2]!r}", hint)
            yield from _unknown(element, match[1], known, around)
    if element.tag != "html":
        for child in element.children:
            yield from _used(child, known, around)


def _unknown(element: Element, name: str, known: set[str], around: tuple[str, ...]) -> Iterator[Mistake]:
    if name in known or ALWAYS.fullmatch(name) or any(WHERE[place].fullmatch(name) for place in around):
        return
    for place, pattern in WHERE.items():
        if pattern.fullmatch(name) and place in _PLACES:
            yield _at(
                element, f"${name}$ has a value only in {_PLACES[place]}", "set another token there, and use that one"
            )
            return
    hint = did_you_mean(name, known) or "an input or <set> gives a token its value; $$ is a dollar sign"
    yield _at(element, f"nothing sets the token ${name}$", hint)


_PLACES = {"drilldown": "a drilldown", "search": "what a search does when it is done", "selection": "a selection"}

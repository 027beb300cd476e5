"""A view's parts: inputs, searches with what happens when they are done, panels with what they show and where a click leads."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from caltrop.dialect.simplexml.document import Element
from caltrop.dialect.simplexml.tokens import names
from caltrop.dialect.simplexml.vocabulary import ACTIONS, HANDLERS, VISUALIZATIONS


@dataclass(frozen=True, slots=True)
class Action:
    """`kind` is set, unset, eval or link; `token` what is set; `text` the value, the expression or the address."""

    kind: str
    text: str
    token: str = ""
    target: str = ""
    prefix: str = ""
    suffix: str = ""


@dataclass(frozen=True, slots=True)
class Condition:
    """What is done where it holds. Without field, match, value and label it always does."""

    actions: tuple[Action, ...]
    field: str = ""
    match: str = ""
    value: str | None = None
    label: str | None = None

    @property
    def always(self) -> bool:
        return not self.match and self.field in ("", "*") and self.value in (None, "*") and self.label in (None, "*")


@dataclass(frozen=True, slots=True)
class Handler:
    """The conditions of an event, of which the first that holds counts; actions that stand alone are one that always does."""

    event: str
    conditions: tuple[Condition, ...]

    @property
    def actions(self) -> list[Action]:
        return [action for condition in self.conditions for action in condition.actions]


@dataclass(frozen=True, slots=True)
class Query:
    """A search. `base` is the id of the search whose rows it goes on with. Times are those of its own, "" without."""

    query: str
    line: int
    id: str = ""
    base: str = ""
    ref: str = ""
    earliest: str = ""
    latest: str = ""
    depends: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    handlers: tuple[Handler, ...] = ()


@dataclass(frozen=True, slots=True)
class Input:
    """`choices` are (value, label); `default` its value, for a time input (earliest, latest) in `times`."""

    type: str
    token: str
    label: str = ""
    default: str | None = None
    times: tuple[str, str] | None = None
    choices: tuple[tuple[str, str], ...] = ()
    search: Query | None = None
    field_for_label: str = ""
    field_for_value: str = ""
    search_when_changed: bool = False
    select_first: bool = False
    prefix: str = ""
    suffix: str = ""
    depends: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()
    change: Handler | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A visualization or an HTML block. `element` is where it stands, for what else a caller wants to know of it."""

    kind: str
    element: Element
    title: str = ""
    queries: tuple[Query, ...] = ()
    options: dict[str, str] = field(default_factory=dict)
    fields: tuple[str, ...] = ()
    drilldown: Handler | None = None
    depends: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    title: str
    inputs: tuple[Input, ...]
    shown: tuple[Shown, ...]
    depends: tuple[str, ...] = ()
    rejects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class View:
    """`rows` are of panels, from the top; `queries` those outside panels, which others go on with. `studio`: it is Dashboard Studio's."""

    label: str
    description: str
    form: bool
    version: str
    theme: str
    init: tuple[Action, ...]
    inputs: tuple[Input, ...]
    queries: tuple[Query, ...]
    rows: tuple[tuple[Panel, ...], ...]
    submit: bool = False

    @property
    def studio(self) -> bool:
        return self.version == "2"

    @property
    def panels(self) -> list[Panel]:
        return [panel for row in self.rows for panel in row]

    def every_query(self) -> Iterator[Query]:
        """All searches, of inputs and panels too."""
        yield from self.queries
        yield from (one.search for one in self.inputs if one.search)
        for panel in self.panels:
            yield from (one.search for one in panel.inputs if one.search)
            for shown in panel.shown:
                yield from shown.queries


def read(root: Element) -> View:
    """The parts of a view; what is not of the language is passed over (`check` tells it)."""
    fieldset = root.find("fieldset")
    init = root.find("init")
    return View(
        label=root.text_of("label"),
        description=root.text_of("description"),
        form=root.tag == "form",
        version=root.attributes.get("version", ""),
        theme=root.attributes.get("theme", "light"),
        init=_actions(init) if init else (),
        inputs=tuple(_input(one) for one in fieldset.all("input")) if fieldset else (),
        queries=tuple(_query(one) for one in root.all("search")),
        rows=tuple(tuple(_panels(row)) for row in root.all("row")),
        submit=fieldset is not None and _true(fieldset.attributes.get("submitButton", "true")),
    )


def _panels(row: Element) -> Iterator[Panel]:
    """A row's panels; what stands in a row without one is a panel of its own."""
    row_depends, row_rejects = _shown_when(row)
    for one in row.all("panel"):
        depends, rejects = (a + b for a, b in zip((row_depends, row_rejects), _shown_when(one), strict=True))
        inputs = tuple(_input(child) for child in one.all("input"))
        shown = tuple(_shown(child) for child in one.children if child.tag in VISUALIZATIONS | {"html"})
        yield Panel(one.text_of("title"), inputs, shown, depends, rejects)
    for one in row.children:
        if one.tag in VISUALIZATIONS | {"html"}:
            yield Panel("", (), (_shown(one),), row_depends, row_rejects)


def _shown(element: Element) -> Shown:
    depends, rejects = _shown_when(element)
    drilldown = element.find("drilldown")
    return Shown(
        kind=element.tag,
        element=element,
        title=element.text_of("title"),
        queries=tuple(_query(one) for one in element.all("search")),
        options={one.attributes.get("name", ""): one.text for one in element.all("option")},
        fields=tuple(
            name.strip().strip('"') for name in element.text_of("fields").strip("[]").split(",") if name.strip()
        ),
        drilldown=_handler(drilldown) if drilldown else None,
        depends=depends,
        rejects=rejects,
    )


def _query(element: Element) -> Query:
    depends, rejects = _shown_when(element)
    return Query(
        query=element.text_of("query"),
        line=element.line,
        id=element.attributes.get("id", ""),
        base=element.attributes.get("base", ""),
        ref=element.attributes.get("ref", ""),
        earliest=element.text_of("earliest"),
        latest=element.text_of("latest"),
        depends=depends,
        rejects=rejects,
        handlers=tuple(_handler(one) for one in element.children if one.tag in HANDLERS),
    )


def _input(element: Element) -> Input:
    depends, rejects = _shown_when(element)
    default, search, change = element.find("default"), element.find("search"), element.find("change")
    timed = element.attributes.get("type") == "time" and default is not None
    return Input(
        type=element.attributes.get("type", ""),
        token=element.attributes.get("token", ""),
        label=element.text_of("label"),
        default=default.text if default is not None and not timed else None,
        times=(default.text_of("earliest"), default.text_of("latest")) if timed and default else None,
        choices=tuple((one.attributes.get("value", ""), one.text) for one in element.all("choice")),
        search=_query(search) if search else None,
        field_for_label=element.text_of("fieldForLabel"),
        field_for_value=element.text_of("fieldForValue"),
        search_when_changed=_true(element.attributes.get("searchWhenChanged", "")),
        select_first=_true(element.text_of("selectFirstChoice")),
        prefix=element.text_of("prefix"),
        suffix=element.text_of("suffix"),
        depends=depends,
        rejects=rejects,
        change=_handler(change) if change else None,
    )


def _handler(element: Element) -> Handler:
    conditions = tuple(
        Condition(
            actions=_actions(one),
            field=one.attributes.get("field", ""),
            match=one.attributes.get("match", ""),
            value=one.attributes.get("value"),
            label=one.attributes.get("label"),
        )
        for one in element.all("condition")
    )
    alone = _actions(element)
    return Handler(element.tag, (*conditions, Condition(alone)) if alone else conditions)


def _actions(element: Element) -> tuple[Action, ...]:
    return tuple(
        Action(
            kind=one.tag,
            text=one.text,
            token=one.attributes.get("token", ""),
            target=one.attributes.get("target", ""),
            prefix=one.attributes.get("prefix", ""),
            suffix=one.attributes.get("suffix", ""),
        )
        for one in element.children
        if one.tag in ACTIONS
    )


def _shown_when(element: Element) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The tokens that must be set, and those that must not, for an element to show."""
    return tuple(names(element.attributes.get("depends", ""))), tuple(names(element.attributes.get("rejects", "")))


def _true(text: str) -> bool:
    return text.strip().lower() in ("true", "1", "t")

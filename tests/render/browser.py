"""A view as a browser runs it: inputs set tokens, searches wait for theirs, what they found sets more; panels show by tokens; a click
leads somewhere. Searches are run by whatever is handed in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from caltrop.dialect.simplexml import Action, Condition, Handler, Input, Panel, Query, Shown, View, fill, parse, read

Rows = list[dict[str, Any]]
Run = Callable[[str, str, str], Rows]  # search, earliest, latest


@dataclass
class Browser:
    """Open with `Browser(text, run)`; `values` are those of a link's query, as in `form.search_name`."""

    text: str
    run: Run
    values: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.view: View = read(parse(self.text))
        self.tokens: dict[str, str] = {}
        self._done: dict[int, str] = {}  # what was run last, by search
        self._rows: dict[int, Rows] = {}
        for action in self.view.init:
            self._act(action, {})
        for one in self.inputs:
            self._begin(one)
        for name, value in self.values.items():
            self._set(name, value)
        self.settle()

    @property
    def inputs(self) -> list[Input]:
        return [*self.view.inputs, *(one for panel in self.view.panels for one in panel.inputs)]

    # -- what a person does -------------------------------------------------------------------------------------------

    def choose(self, token: str, value: str) -> None:
        self._set(f"form.{token}", value)
        self.settle()

    def click(self, title: str, row: int, column: str) -> str:
        """A click into a table: the address that it leads to, "" where it only sets tokens."""
        shown = self.shown(title)
        assert shown.drilldown is not None, f"nothing happens at a click into {title!r}"
        found = self.rows(title)[row]
        assert not shown.fields or column in shown.fields, f"{column!r} is not shown"
        around = {f"row.{name}": text(value) for name, value in found.items()}
        around |= {"click.name2": column, "click.value2": text(found.get(column, ""))}
        link = ""
        for action in self._chosen(shown.drilldown, around, column):
            link = self._act(action, around) or link
        self.settle()
        return link

    # -- what a person sees -------------------------------------------------------------------------------------------

    def visible(self, one: Panel | Shown | Input | Query) -> bool:
        return all(name in self.tokens for name in one.depends) and not any(n in self.tokens for n in one.rejects)

    @property
    def panels(self) -> list[Panel]:
        return [panel for panel in self.view.panels if self.visible(panel)]

    def html(self) -> str:
        """What the visible HTML panels say."""
        said = [s for panel in self.panels for s in panel.shown if s.kind == "html" and self.visible(s)]
        filled = [fill(one.element.whole_text, self.tokens, by_default="h") for one in said]
        return "\n".join(one for one in filled if one is not None)

    def shown(self, title: str) -> Shown:
        """The visualization of the panel with that title."""
        found = [s for panel in self.panels if (fill(panel.title, self.tokens) or "") == title for s in panel.shown]
        assert found, f"no panel {title!r} among {[fill(p.title, self.tokens) for p in self.panels]}"
        return found[0]

    def single(self, title: str) -> str:
        """The number of a single value."""
        found = next(s for panel in self.panels for s in panel.shown if s.kind == "single" and s.title == title)
        (row,) = self._rows[id(found.queries[0])]
        (value,) = row.values()
        return text(value)

    def rows(self, title: str) -> Rows:
        return self._rows[id(self.shown(title).queries[0])]

    # -- how it goes on -----------------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Run what can run, until nothing changes any more."""
        for _ in range(20):
            looked = [self._look(query) for query in self._queries()]
            if not any(looked):
                return
        raise AssertionError("the view never comes to rest")

    def _queries(self) -> list[Query]:
        hidden = [s.queries for p in self.view.panels for s in p.shown if not (self.visible(p) and self.visible(s))]
        left_out = {id(query) for queries in hidden for query in queries}
        return [query for query in self.view.every_query() if id(query) not in left_out and self.visible(query)]

    def _look(self, query: Query) -> bool:
        """Run a search whose tokens are there and whose text is another than before; whether it was."""
        base = next((one for one in self.view.every_query() if one.id == query.base), None) if query.base else None
        above = base or query
        search = query.query if base is None else f"{base.query}\n| {query.query.lstrip('| ')}"
        filled = [fill(part, self.tokens) for part in (search, above.earliest or "0", above.latest or "now")]
        if any(part is None for part in filled):
            return False
        spl, earliest, latest = (part or "" for part in filled)
        mark = repr((spl, earliest, latest))
        if self._done.get(id(query)) == mark:
            return False
        self._done[id(query)] = mark
        rows = self._rows[id(query)] = self.run(spl, earliest, latest)
        for one in self.inputs:
            if one.search is query and one.select_first and one.token not in self.tokens and rows:
                self._set(f"form.{one.token}", text(rows[0][one.field_for_value]))
        around = {"job.resultCount": str(len(rows))}
        around |= {f"result.{name}": text(value) for name, value in (rows[0] if rows else {}).items()}
        for handler in query.handlers:
            if handler.event == "done":
                for action in self._chosen(handler, around, ""):
                    self._act(action, around)
        return True

    def _chosen(self, handler: Handler, around: dict[str, str], column: str) -> tuple[Action, ...]:
        return next((c.actions for c in handler.conditions if self._holds(c, around, column)), ())

    def _holds(self, condition: Condition, around: dict[str, str], column: str) -> bool:
        if condition.match:
            expression = fill(condition.match, {**self.tokens, **around})
            if expression is None:
                return False
            (row,) = self.run(f'| makeresults | eval holds=if({expression}, "yes", "no")', "0", "now")
            return bool(row["holds"] == "yes")
        return condition.always or condition.field == column

    def _act(self, action: Action, around: dict[str, str]) -> str:
        """What an action does; the address of a link."""
        if action.kind == "unset":
            for name in (action.token, f"form.{action.token}"):
                self.tokens.pop(name, None)
            return ""
        filled = fill(action.text, {**self.tokens, **around})
        if action.kind == "link":
            assert filled is not None, f"the link {action.text!r} has tokens without values"
            return filled
        if filled is not None:
            self._set(action.token, action.prefix + filled + action.suffix)
        return ""

    def _begin(self, one: Input) -> None:
        if one.times:
            for end, value in zip(("earliest", "latest"), one.times, strict=True):
                self._set(f"form.{one.token}.{end}", value)
        elif one.default is not None:
            self._set(f"form.{one.token}", one.default)

    def _set(self, name: str, value: str) -> None:
        self.tokens[name] = value
        if name.startswith("form."):
            token = name.removeprefix("form.")
            ends = next(((one.prefix, one.suffix) for one in self.inputs if one.token == token), ("", ""))
            self.tokens[token] = ends[0] + value + ends[1]


def text(value: Any) -> str:
    """As a token has it: several values with commas between them."""
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)

"""The search itself: does it parse, and does it end in its filter macro."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.checks.references import searches
from caltrop.content.model import Catalogue, Detection
from caltrop.content.spltext import macro_calls, without_comments
from caltrop.spl import SplError, parse


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in searches(catalogue):
        try:
            parse(item.search)
        except SplError as error:
            yield of(item, ("search",), "spl-syntax", error.message, error.hint or "", error.span.start)
        if isinstance(item, Detection):
            yield from _filter(item)


def _filter(item: Detection) -> Iterator[Finding]:
    calls = [c for c in macro_calls(item.search) if c.name == item.filter_macro]
    if not calls:
        hint = f"end the search with | `{item.filter_macro}`"
        yield of(item, ("search",), "filter-macro", f"the filter macro `{item.filter_macro}` is missing", hint)
    elif without_comments(item.search)[calls[-1].end :].strip():
        message = f"the filter macro `{item.filter_macro}` is not last"
        yield of(item, ("search",), "filter-macro", message, "move it to the end of the search", calls[-1].start)

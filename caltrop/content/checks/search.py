"""The search itself: the filter macro and, where the language room can tell, syntax and output fields."""

from __future__ import annotations

from collections.abc import Iterator

from caltrop.content.checks.finding import Finding, of
from caltrop.content.model import Catalogue
from caltrop.content.spltext import macro_calls, without_comments


def check(catalogue: Catalogue) -> Iterator[Finding]:
    for item in catalogue.detections:
        calls = [c for c in macro_calls(item.search) if c.name == item.filter_macro]
        if not calls:
            hint = f"end the search with | `{item.filter_macro}`"
            yield of(item, ("search",), "filter-macro", f"the filter macro `{item.filter_macro}` is missing", hint)
        elif without_comments(item.search)[calls[-1].end :].strip():
            message = f"the filter macro `{item.filter_macro}` is not last"
            yield of(item, ("search",), "filter-macro", message, "move it to the end of the search", calls[-1].start)

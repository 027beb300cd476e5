"""The page of endpoints says what is registered."""

from __future__ import annotations

from caltrop.splunkd.rest import collection
from tools import rest_reference as reference


def test_the_page_is_up_to_date() -> None:
    text = reference.PAGE.read_text("utf-8")
    assert reference.page(text) == text, "run python -m tools.rest_reference"
    assert all(f"| `{path}` |" in text for path in collection.collections)

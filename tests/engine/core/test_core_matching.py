"""Terms against raw text: where segments begin and end."""

from __future__ import annotations

import polars as pl
import pytest

from caltrop.engine import matching
from caltrop.engine.scan import indexes_of
from caltrop.spl import parse_search

RAW = 'Jan 5 user=bob@example.com src=10.0.0.6 path=C:\\Temp\\a_b.exe msg="Login failed (code:17)" 50%'


@pytest.mark.parametrize(
    ("term", "found"),
    [
        ("bob", True),
        ("BOB", True),
        ("bo", False),
        ("example", True),
        ("bob@example.com", True),
        ('"ser=bob"', False),
        ('"user=bob"', True),
        ("login", True),
        ('"login failed"', True),
        ('"login code"', False),
        ("logi*", True),
        ("*ogin", True),
        ("*ogi*", True),
        ("l*n", True),
        ("user*failed", False),
        ('"user*failed"', True),
        ("TERM(10.0.0.6)", False),
        ("TERM(src=10.0.0.6)", True),
        ("TERM(src=10.0.*)", True),
        ("CASE(Login)", True),
        ("CASE(login)", False),
        ("a_b", True),
        ("temp", True),
        ('"C:\\\\Temp"', True),
        ("code", True),
        ("17", True),
        ("50%", True),
        ('"(code:17)"', True),
        ("10.0.0", True),
        ("0.0.6", True),
        ("bob OR nothing", True),
        ("bob nothing", False),
        ("NOT nothing", True),
        ("*", True),
    ],
)
def test_terms(term: str, found: bool) -> None:
    frame = pl.DataFrame({"_raw": [RAW, None]})
    result = frame.select(matching.predicate(parse_search(term), frame).alias("m").fill_null(False))
    column = result.to_series()
    assert column[0] is found


@pytest.mark.parametrize(
    ("search", "indexes"),
    [
        ("error", ["main", "web", "web2"]),
        ("index=web", ["web"]),
        ("index=WEB*", ["web", "web2"]),
        ("index=*", ["main", "web", "web2"]),
        ("index=_*", ["_audit"]),
        ("index=web OR index=main", ["main", "web"]),
        ("(index=web a=1) OR (index=main b=2)", ["main", "web"]),
        ("index IN (web, _audit)", ["_audit", "web"]),
        ("NOT index=web", ["main", "web2"]),
        ("index!=web", ["main", "web2"]),
        ("index=web index=main", []),
        ("index=web OR a=1", ["main", "web", "web2"]),
    ],
)
def test_which_indexes_are_read(search: str, indexes: list[str]) -> None:
    assert indexes_of(parse_search(search), ["_audit", "main", "web", "web2"]) == indexes

"""Conf files: what is written reads back, whatever the values are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect.conf import parse
from caltrop.errors import CaltropError
from caltrop.render.conf import Conf, verify
from tests.examples import examples

VALUES = st.text(alphabet=st.sampled_from("ab \\\n\r\t\f\xa0[]=#;\"'|`é"), max_size=40)


@examples(200)
@given(st.dictionaries(st.text("abc.", min_size=1, max_size=5), VALUES, max_size=4))
def test_a_stanza_reads_back(values: dict[str, str]) -> None:
    conf = Conf()
    conf.add("x", values.items())
    conf.add("y", [("last", "1")])
    text = conf.text("two\nlines")
    verify(conf, text, "t.conf")
    assert parse(text).settings()["y"] == {"last": "1"}


def test_lines_are_continued_and_a_last_backslash_is_kept_apart() -> None:
    conf = Conf()
    conf.add("s", [("search", "a\n| b  \n\n| c"), ("path", "C:\\"), ("none", None), ("n", 1)])
    assert conf.text("c") == "# c\n\n[s]\nsearch = a \\\n| b \\\n \\\n| c\npath = C:\\ \nn = 1\n"


@pytest.mark.parametrize("name", ["a]b", "a\nb"])
def test_a_name_that_a_conf_file_cannot_carry_is_refused(name: str) -> None:
    with pytest.raises(CaltropError, match="stanza"):
        Conf().add(name, [("a", 1)])


def test_what_does_not_read_back_as_meant_is_refused() -> None:
    conf = Conf()
    conf.add("s", [("a", 1)])
    verify(conf, "[s]\na = 1\n", "t.conf")
    for text in ("", "[s]\na = 2\n", "[s]\n", "[s]\na = 1\n[t]\n"):
        with pytest.raises(CaltropError, match="read back"):
            verify(conf, text, "t.conf")
    with pytest.raises(CaltropError, match="twice"):
        verify(conf, "[s]\na = 2\na = 1\n", "t.conf")

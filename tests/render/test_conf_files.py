"""Conf files: what is written reads back, whatever the values are."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caltrop.errors import CaltropError
from caltrop.render.conf import Conf, parse, verify

VALUES = st.text(alphabet=st.sampled_from("ab \\\n\r\t[]=#;\"'|`é"), max_size=40)


@settings(deadline=None, max_examples=200)
@given(st.dictionaries(st.text("abc.", min_size=1, max_size=5), VALUES, max_size=4))
def test_a_stanza_reads_back(values: dict[str, str]) -> None:
    conf = Conf()
    conf.add("x", values.items())
    conf.add("y", [("last", "1")])
    text = conf.text("two\nlines")
    verify(conf, text, "t.conf")
    assert parse(text)["y"] == {"last": "1"}


def test_lines_are_continued_and_a_last_backslash_is_kept_apart() -> None:
    conf = Conf()
    conf.add("s", [("search", "a\n| b  \n\n| c"), ("path", "C:\\"), ("none", None), ("n", 1)])
    assert conf.text() == "\n[s]\nsearch = a \\\n| b \\\n \\\n| c\npath = C:\\ \nn = 1\n"


@pytest.mark.parametrize("name", ["a]b", "a\nb"])
def test_a_name_that_a_conf_file_cannot_carry_is_refused(name: str) -> None:
    conf = Conf()
    conf.add(name, [("a", 1)])
    with pytest.raises(CaltropError, match="stanza"):
        conf.text()


@pytest.mark.parametrize(
    ("text", "what"), [("[a]\n[a]\n", "twice"), ("[a]\nx=1\nx=2\n", "twice"), ("[a]\nx\n", "no '='")]
)
def test_a_strict_reader_refuses(text: str, what: str) -> None:
    with pytest.raises(CaltropError, match=what):
        parse(text)
    assert "a" in parse(text, strict=False)


def test_reading_what_people_write() -> None:
    text = "k = outside\n# c\n[a b]\nx=1\n ; c\ny = p \\\n  q\n[c]\n"
    assert parse(text) == {"default": {"k": "outside"}, "a b": {"x": "1", "y": "p \n  q"}, "c": {}}

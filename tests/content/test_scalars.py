"""Each character of a YAML value is found in the file, in every style."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from caltrop.content.document import Document
from caltrop.content.scalars import offsets

# What the value holds at a character is what the file holds there, unless the file escapes it.
_ESCAPING = frozenset("'\"\\")
TEXTS = st.text(alphabet=st.sampled_from("abc |=\"'\\`$*#:\n\t-é“"), min_size=1, max_size=60)


def check(document: str) -> None:
    node = yaml.compose(document, Loader=yaml.CSafeLoader)
    assert isinstance(node, yaml.MappingNode)
    value = node.value[-1][1]
    assert isinstance(value, yaml.ScalarNode)
    places = offsets(document, value)
    assert len(places) == len(value.value) + 1
    assert places == sorted(places)
    for char, at in zip(value.value, places, strict=False):
        if not char.isspace() and document[at] not in _ESCAPING:
            assert document[at] == char


@given(TEXTS, st.sampled_from(["'", '"', "|", ">", None]), st.integers(min_value=20, max_value=80))
def test_a_value_in_any_style(text: str, style: str | None, width: int) -> None:
    check(
        yaml.dump({"name": "x", "search": text}, default_style=style, width=width, allow_unicode=True, sort_keys=False)
    )


@pytest.mark.parametrize(
    ("document", "word", "line", "column"),
    [
        ("search: |-\n  index=a\n  | stat count\n", "stat", 3, 5),
        ("search: |2-\n    index=a\n    | stat count\n", "stat", 3, 7),
        ("search: >  # a note\n  index=a\n\n  | stat count\n", "stat", 4, 5),
        ("search: >-\n  index=a\n    | stat count\nname: x\n", "stat", 3, 7),
        ("search: index=a\n  | stat count\n", "stat", 2, 5),
        ("search: 'index=a it''s\n\n  | stat count'\n", "stat", 3, 5),
        ('search: "index=a \\"b\\" \\x41\\t\\\n  | stat count"\n', "stat", 2, 5),
        ('search: "index=\\b\\0\\e\\u00e9 | stat count"\n', "stat", 1, 31),
        ("search: >\r\n  index=a\r\n  | stat count\r\n", "stat", 3, 5),
    ],
)
def test_a_word_is_at_its_place(document: str, word: str, line: int, column: int) -> None:
    read = Document.of(document.encode(), "f.yml")
    assert read.place(("search",), read.data["search"].index(word)) == (line, column)


def test_the_end_of_a_value_is_behind_its_last_character() -> None:
    read = Document.of(b"search: |-\n  index=a\n  | where x=\nname: y\n", "f.yml")
    assert read.place(("search",), len(read.data["search"])) == (3, len("  | where x=") + 1)

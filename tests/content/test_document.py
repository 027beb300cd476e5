"""Reading YAML, and finding the way back to line and column."""

from __future__ import annotations

import pytest

from caltrop.content.document import Document


def test_values_are_plain_and_dates_stay_text() -> None:
    text = "a: 2024-01-02\nb: 12\nc: 1.5\nd: true\ne: off\nf:\ng: '7'\nh: [1, x]\ni: 0x1F\nj: -3\nk: 007\n"
    assert Document(text, "f").data == {
        "a": "2024-01-02", "b": 12, "c": 1.5, "d": True, "e": "off", "f": None, "g": "7", "h": [1, "x"], "i": "0x1F",
        "j": -3, "k": "007",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "path", "needle", "line", "column"),
    [
        ("a: one $two three\n", ("a",), "$", 1, 8),
        ("a: 'it''s $two'\n", ("a",), "$", 1, 11),
        ('a: "tab\\t\\"q\\" $two"\n', ("a",), "$", 1, 16),
        ("a: |\n  first\n  then $two\n", ("a",), "$", 3, 8),
        ("a: >-\n  first\n\n  then $two\n", ("a",), "$", 4, 8),
        ("a: first\n  then $two\n", ("a",), "$", 2, 8),
        ("x:\n- y\n- a: q\n  b: z $two\n", ("x", 1, "b"), "$", 4, 8),
        ("a: 'ä€ 😀 $two'\n", ("a",), "$", 1, 10),
    ],
    ids=["plain", "single", "double", "literal", "folded", "plain-folded", "nested", "unicode"],
)
def test_a_character_of_a_value_has_its_place(
    text: str, path: tuple[str | int, ...], needle: str, line: int, column: int
) -> None:
    document = Document(text, "f")
    value = document.data
    for step in path:
        value = value[step]
    assert document.place(path, value.index(needle)) == (line, column)


def test_a_missing_path_gives_what_is_nearest() -> None:
    document = Document("a:\n  b: 1\n", "f")
    assert document.place(("a", "c", "d")) == (1, 1)
    assert document.place(("a", "b")) == (2, 6)
    assert document.place(("a", "b"), key=True) == (2, 3)


def test_a_key_given_twice_is_a_problem_and_the_last_counts() -> None:
    document = Document("a: 1\nb: 2\na: 3\n", "f")
    assert document.data == {"a": 3, "b": 2}
    (problem,) = document.problems
    assert (problem.code, problem.line, problem.column) == ("duplicate-key", 3, 1)
    assert document.place(("a",)) == (3, 4)


@pytest.mark.parametrize(
    ("text", "line"),
    [("a: b: c\n", 1), ("a: [1, 2\n", 2), ("a: 'x\n", 2), ("\tx: 1\n", 1), ("a: !!python/object:os.system x\n", 1)],
)
def test_what_is_not_yaml_is_one_placed_problem(text: str, line: int) -> None:
    problems = Document(text, "f").problems
    assert [p.code for p in problems] == ["yaml-syntax"]
    assert problems[0].line == line


def test_aliases_cannot_multiply_without_end() -> None:
    text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    text += "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 9))
    problems = Document(text, "f").problems
    assert [p.code for p in problems] == ["yaml-syntax"]
    assert "alias" in problems[0].message


def test_nesting_has_a_limit() -> None:
    document = Document("a: " + "[" * 500 + "]" * 500, "f")
    assert document.problems and document.problems[0].code == "yaml-syntax"


@pytest.mark.parametrize(
    ("body", "line", "column", "what"),
    [
        (b"a: 1\nb: \xc3\xa9\xff\n", 2, 5, "not UTF-8"),
        ("a: 1\n".encode("utf-16"), 1, 1, "UTF-16"),
        ("a: 1\nb: é\x07\n".encode(), 2, 5, "control characters"),
    ],
    ids=["byte", "utf-16", "control"],
)
def test_bytes_that_are_no_yaml_text_have_a_place(body: bytes, line: int, column: int, what: str) -> None:
    (problem,) = Document.of(body, "f").problems
    assert (problem.line, problem.column, problem.code) == (line, column, "yaml-syntax")
    assert what in problem.message


def test_a_byte_order_mark_and_line_ends_move_nothing() -> None:
    document = Document.of(b"\xef\xbb\xbfa: 1\r\nb: x\r\n", "f")
    assert document.data == {"a": 1, "b": "x"}
    assert document.place(("b",)) == (2, 4)

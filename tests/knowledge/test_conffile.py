"""conffile: what the reader makes of odd files, and that what is written is read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from caltrop.knowledge import conffile
from caltrop.knowledge.conffile import ConfError, format_conf, parse, truth

CASES = {
    "plain": ("[a]\nk = v\n", {"a": {"k": "v"}}),
    "no spaces around the equals sign": ("[a]\nk=v", {"a": {"k": "v"}}),
    "the first equals sign splits": ("[a]\nk = x=y=z\n", {"a": {"k": "x=y=z"}}),
    "a hash inside a value is no comment": ("[a]\nk = v # kept\n", {"a": {"k": "v # kept"}}),
    "comments are whole lines": ("# c\n; c\n[a]\n  # c\nk = v\n", {"a": {"k": "v"}}),
    "keys above any stanza": ("k = v\n[a]\nj = w\n", {"default": {"k": "v"}, "a": {"j": "w"}}),
    "stanzas of one name merge, the later key wins": (
        "[a]\nk = 1\nj = 2\n[b]\n[a]\nk = 3\n",
        {"a": {"k": "3", "j": "2"}, "b": {}},
    ),
    "continuation keeps the line break": ("[a]\nk = one \\\n  two\nj = x\n", {"a": {"k": "one \n  two", "j": "x"}}),
    "a header inside a continuation is text": ("[a]\nk = one\\\n[b]\nj = x\n", {"a": {"k": "one\n[b]", "j": "x"}}),
    "a comment inside a continuation is text": ("[a]\nk = one\\\n# two\\\nthree\n", {"a": {"k": "one\n# two\nthree"}}),
    "a comment does not continue": ("# c \\\n[a]\nk = v\n", {"a": {"k": "v"}}),
    "white space after the backslash ends the value": ("[a]\nk = one\\ \nj = x\n", {"a": {"k": "one\\", "j": "x"}}),
    "backslash at the end of the file": ("[a]\nk = one\\", {"a": {"k": "one"}}),
    "byte order mark and CRLF": ("\ufeff[a]\r\nk = one\\\r\ntwo\r\n", {"a": {"k": "one\ntwo"}}),
    "brackets in the name": ("[source::...[a-z]]\nk = v\n", {"source::...[a-z]": {"k": "v"}}),
    "empty name (metadata)": ("[]\nexport = system\n", {"": {"export": "system"}}),
    "header without end": ("[a\nk = v\n", {"a": {"k": "v"}}),
    "text after the header": ("[a] x\nk = v\n", {"a": {"k": "v"}}),
    "empty value": ("[a]\nk =\n", {"a": {"k": ""}}),
    "a line that is no setting": ("[a]\nnonsense\nk = v\n", {"a": {"k": "v"}}),
    "names are case-sensitive": ("[a]\nk = 1\nK = 2\n[A]\n", {"a": {"k": "1", "K": "2"}, "A": {}}),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES.keys())
def test_parse(text: str, expected: dict[str, dict[str, str]]) -> None:
    assert parse(text).settings() == expected


def test_lines_are_those_of_the_keys() -> None:
    conf = parse("# c\n[a]\nk = one\\\ntwo\nj = 1\n[a]\nk = 3\n")
    entries = conf.stanzas["a"].entries
    assert (conf.stanzas["a"].line, entries["j"].line, entries["k"].line) == (2, 5, 7)


PROBLEMS = [
    ("[a]\nk = 1\nk = 2\n", "duplicate-key", 3),
    ("[a]\n[a]\n", "duplicate-stanza", 2),
    ("[a]\nnonsense\n", "no-setting", 2),
    ("[a\n", "open-header", 1),
    ("[a] b\n", "after-header", 1),
]


@pytest.mark.parametrize(("text", "code", "line"), PROBLEMS)
def test_strict(text: str, code: str, line: int) -> None:
    assert [(p.code, p.line) for p in parse(text).problems] == [(code, line)]
    with pytest.raises(ConfError) as caught:
        parse(text, "x.conf", strict=True)
    assert caught.value.code == code
    assert caught.value.location is not None and caught.value.location.line == line


NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
VALUES = st.text(st.sampled_from("ab \\=#[];\n\"'é"), max_size=20).map(lambda v: v.strip())


@settings(max_examples=80, deadline=None)
@given(
    st.dictionaries(
        NAMES,
        st.dictionaries(
            NAMES.map(str.strip).filter(lambda k: k != "" and k[0] not in "#;[" and "=" not in k), VALUES, max_size=3
        ),
        max_size=3,
    )
)
def test_what_is_written_is_read_back(stanzas: dict[str, dict[str, str]]) -> None:
    assert parse(format_conf(stanzas)).settings() == stanzas


@pytest.mark.parametrize("key", ["", "a=b", "#c", "[x", "a\nb", " a"])
def test_keys_that_cannot_be_written(key: str) -> None:
    with pytest.raises(ConfError):
        format_conf({"a": {key: "v"}})


def test_write_replaces_in_one_step(tmp_path: Path) -> None:
    path = tmp_path / "local" / "x.conf"
    conffile.write(path, {"a": {"k": "1"}})
    conffile.write(path, {"a": {"k": "2"}})
    assert conffile.read(path).settings() == {"a": {"k": "2"}}
    assert [p.name for p in path.parent.iterdir()] == ["x.conf"]


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfError, match="cannot read"):
        conffile.read(tmp_path / "none.conf")


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("1", False, True),
        ("True", False, True),
        ("on", False, True),
        ("0", True, False),
        ("no", True, False),
        ("maybe", True, True),
        (None, False, False),
    ],
)
def test_truth(text: str | None, default: bool, expected: bool) -> None:
    assert truth(text, default) is expected

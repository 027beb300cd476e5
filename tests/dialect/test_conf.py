"""Conf syntax: what the reader makes of odd files, where everything stands, and that what is written is read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from caltrop.dialect import conf
from caltrop.dialect.conf import ConfError, format_conf, parse, trimmed
from tests.examples import examples

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
    "backslashes at the end of the file": ("[a]\nk = one\\\\", {"a": {"k": "one\\"}}),
    "a continuation that the end of the file cuts": ("[a]\nk = one\\\ntwo\\", {"a": {"k": "one\ntwo"}}),
    "a line that is no setting does not swallow the next": (
        "[a]\nno\\\nk = v\n\\\nj = w\n",
        {"a": {"k": "v", "j": "w"}},
    ),
    "keys of any kind": ("[a]\na:b-c.d = 1\nDS::x y=2\n", {"a": {"a:b-c.d": "1", "DS::x y": "2"}}),
    "a no-break space belongs to the value": ("[a]\nk = \u00a0v\u00a0 \n", {"a": {"k": "\u00a0v\u00a0"}}),
    "a stanza called default": ("[default]\nk = v\n", {"default": {"k": "v"}}),
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


def test_a_setting_knows_where_it_stands() -> None:
    found = parse("# c\n[a]\n  k = one\\\n two\\\nthree\nj=1\n[a]\ne =\nn = \\\n\t x\n").stanzas["a"]
    assert found.line == 2
    places = {
        key: (entry.value, entry.line, entry.column, entry.value_line, entry.value_column)
        for key, entry in found.entries.items()
    }
    assert places == {
        "k": ("one\n two\nthree", 3, 3, 3, 7),
        "j": ("1", 6, 1, 6, 3),
        "e": ("", 8, 1, 8, 4),
        "n": ("x", 9, 1, 10, 3),
    }
    k = found.entries["k"]
    assert [k.place(k.value.index(word)) for word in ("one", "two", "three")] == [(3, 7), (4, 2), (5, 1)]


def test_a_later_setting_has_its_own_place() -> None:
    conf_file = parse("[a]\nk = 1\n[a]\nk = 3\n")
    assert (conf_file.stanzas["a"]["k"], conf_file.stanzas["a"].entries["k"].line) == ("3", 4)


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


BROKEN = [
    (b"[a]\nk = v\0\n", "x.conf:2:6: a NUL byte"),
    ("[a]\n[b\0]\n", "x.conf:2:3: a NUL byte"),
    ("[a]\n".encode("utf-16"), "x.conf:1:1: UTF-16"),
    (b"#" * (conf.LARGEST + 1), "x.conf: too large"),
]


@pytest.mark.parametrize(("source", "message"), BROKEN, ids=["nul", "nul in text", "utf-16", "large"])
@pytest.mark.parametrize("strict", [False, True])
def test_what_is_no_conf_file_is_refused(source: str | bytes, message: str, strict: bool) -> None:
    with pytest.raises(ConfError) as caught:
        parse(source, "x.conf", strict=strict)
    assert str(caught.value).startswith(message)


def test_bytes_that_are_no_utf8_are_reported() -> None:
    found = parse("[a]\nkä = ".encode() + b"x\xffy\n")
    assert found.settings() == {"a": {"kä": "x\ufffdy"}}
    assert [(p.line, p.column, p.code) for p in found.problems] == [(2, 7, "not-utf8")]
    with pytest.raises(ConfError, match="0xff"):
        parse(b"\xff", strict=True)


NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=12)
VALUES = st.text(st.sampled_from("ab \\=#[];\n\"'é"), max_size=20).map(lambda v: v.strip())


STANZAS = st.dictionaries(
    NAMES,
    st.dictionaries(
        NAMES.map(str.strip).filter(lambda k: k != "" and k[0] not in "#;[" and "=" not in k), VALUES, max_size=3
    ),
    max_size=3,
)


@examples(150)
@given(STANZAS, st.sampled_from(["", "one\ntwo"]))
def test_what_is_written_is_read_back_with_its_places(stanzas: dict[str, dict[str, str]], comment: str) -> None:
    text = format_conf(stanzas, comment)
    found = parse(text, strict=True)
    assert found.settings() == stanzas
    lines = text.split("\n")
    for stanza in found.stanzas.values():
        assert lines[stanza.line - 1] == f"[{stanza.name}]"
        for setting in stanza.entries.values():
            assert lines[setting.line - 1][setting.column - 1 :].startswith(setting.key)
            for offset, character in enumerate(setting.value):
                line, column = setting.place(offset)
                assert (lines[line - 1] + "\n")[column - 1] == ("\\" if character == "\n" else character)
    assert parse(format_conf(found.settings(), comment)) == found


@examples(150)
@given(st.text(st.sampled_from("[]a=\\\n\r #;\ufeff"), max_size=40))
def test_any_text_is_read_and_what_was_read_can_be_written(text: str) -> None:
    """Only carriage returns: amid a value they are written as the line breaks that they are meant to be, and a name cannot
    have them."""
    found = parse(text)
    assert parse(text.encode(), found.path) == found
    if any("\r" in name for stanza in found.stanzas.values() for name in (stanza.name, *stanza.entries)):
        with pytest.raises(ConfError):
            format_conf(found.settings())
        return
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    for setting in (setting for stanza in found.stanzas.values() for setting in stanza.entries.values()):
        assert lines[setting.line - 1][setting.column - 1 :].startswith(setting.key)
        rest = lines[setting.value_line - 1][setting.value_column - 1 :]
        assert rest.startswith(setting.value.split("\n")[0]) and setting.value_column > 1 - bool(setting.value)
    written = format_conf(found.settings())
    wanted = {name: {k: trimmed(v) for k, v in s.settings().items()} for name, s in found.stanzas.items()}
    assert parse(written, strict=True).settings() == wanted


@pytest.mark.parametrize("key", ["", "a=b", "#c", "[x", "a\nb", " a"])
def test_keys_that_cannot_be_written(key: str) -> None:
    with pytest.raises(ConfError):
        format_conf({"a": {key: "v"}})


@pytest.mark.parametrize("stanzas", [{"a\nb": {}}, {"a\0": {}}, {"a": {"k": "v\0"}}])
def test_what_no_conf_file_can_carry(stanzas: dict[str, dict[str, str]]) -> None:
    with pytest.raises(ConfError):
        format_conf(stanzas)


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfError, match=r"none\.conf: cannot read"):
        conf.read(tmp_path / "none.conf")

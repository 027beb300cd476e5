"""Text written to break the reader: it neither raises, nor hangs, nor makes more of it than the bounds allow."""

from __future__ import annotations

import base64
import time

import pytest
from caltrop_enrich.enrich import FIELDS, Enricher, analyse
from caltrop_enrich.limits import MAX_FIELD, MAX_TEXT, MAX_VALUE, MAX_VALUES
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples

SIZE = 20_000  # a quadratic rule would already take seconds at this size


def times(text: str) -> str:
    return text * (SIZE // len(text))


def nested(depth: int) -> str:
    text = "Invoke-WmiMethod -CN H1"
    for _ in range(depth):
        text = "powershell -enc " + base64.b64encode(text.encode("utf-16-le")).decode()
    return text


REPEATED = [
    ";", "(", "{", ")}", "@(", "$(", '"$(', "'", '"', "'\"", "`", "`\n", "$a", "${", "${a", "-", "-a ", " ", "\n", "\r\n", "\t",
    "$a=", "$a=(", "'a'+", ",", "iwmi;", "iwmi -CN a ", "iex (", 'iex "iwmi";', "@{a=", "@{a='b';", "<#", "#\n", "@'\n", '@"\n$(',
    "-e AAAA ", "http://a)", ".1", "1.1.1.1 ", ":", "a:", "::1 ", "[", "[a]", '[wmiclass]"a";', "$a.b(", "foreach($a in ",
    "'a'|%{", "\nScriptBlock ID: ", "a'b'", "$a[0]", "&", "&'iwmi' ", ">", "\0", "\ud800", "\U0001f600", '"`u{41}', "sal a iwmi;",
    "param(", "(iwmi).Create(", "ParameterBinding(iwmi): name=\"Name\"; value=\"x\"\n", "ParameterBinding(", "\n" + " " * 50 + "x" * 50,
]  # fmt: skip
SHAPES = {
    "open string of scripts": '"' + times("$("),
    "one bracket too many, often": "http://" + times(")"),
    "array": "iwmi -CN " + times("a,"),
    "doubling": "$a='xxxxxxxx';" + times('$a="$a$a$a$a";') + "iwmi -CN $a",
    "doubling of an array": "$a='x','y';" + times("$a=$a+$a;") + "iwmi -CN $a",
    "format of long text": "$x='" + "y" * 8000 + "';" + times("$f='" + "{0}" * 60 + "' -f $x;"),
    "joined array of long text": "$x='" + "y" * 8000 + "'" + ",'z'" * 60 + ";" + times('$b="$x$x$x";'),
    "long parameter": "iwmi -" + times("a"),
    "long base64": "powershell -enc " + times("A"),
    "payloads in payloads": nested(7),
    "module log, long name": "ParameterBinding(" + times("a"),
    "message without an end": "Creating Scriptblock text (1 of 1):\n" + times("\r\n"),
    "long event": "iwmi -CN H1 " + "x" * (MAX_TEXT + 1),
    "braces in a format": "iwmi -CN ('{0}{9999}{{}}' -f 'a')",
    "bad escapes": 'iwmi -CN "`u{110000}`u{d800}`u{}`"',
    "backslashes": "iwmi -Path '" + times("\\") + "'",
}
SHAPES.update({f"repeated {text[:20]!r}": times(text) for text in REPEATED})
SHAPES.update({f"call, then repeated {text[:20]!r}": "Invoke-WmiMethod -CN H1 " + times(text) for text in REPEATED})


def check(text: str, field: str) -> None:
    fields = Enricher(None, field).enrich({field: text})
    if "enrichment_error" in fields:  # a bound that was met, never an exception
        assert str(fields["enrichment_error"]).startswith(("only the first", "script ", "no script text")), fields[
            "enrichment_error"
        ]
    for name, value in fields.items():
        assert name in FIELDS
        values = value if isinstance(value, list) else [value]
        assert values and len(values) <= MAX_VALUES
        assert sum(map(len, values)) <= max(MAX_FIELD, len(values[0]))
        assert all(len(item) <= max(MAX_VALUE, MAX_FIELD) and "\0" not in item for item in values)
        "".join(values).encode()  # no lone surrogate gets out


@pytest.mark.parametrize("name", SHAPES)
def test_hostile_text(name: str) -> None:
    check(SHAPES[name], "Message")


# Long values, and statements that look at all of one again and again.
LONG = [
    "$a=1..60000;",
    "$a='x'*60000;",
    "$a=[char[]]('x'*60000);",
    "$a=,('y'*9000)*60;",
    "$a=@{};1..9000|%{$a[$_]='x'};",
    "$a='ab '*60000;",
    "$a=@{a=1;b=2},1*9000;",
]
LOOKS = [
    "iwmi @a", "iwmi -CN $a", "icm -CN $a", "foo $a", "iex $a", "& $a", "gv $a", "gcm $a", "cmd /c $a", "[wmiclass]$a", "$a -split 'x'",
    "$a -replace '.','$&$&'", "-join $a", '"$a$a"', "$b=$a+$a", "$a+=$a", "$a|%{}", "$a.Replace('x','yy')", "[char[]]$a", "$x,$y=$a",
    "7 -in $a", "$a[-1..-60000]", '"{0}{0}"-f $a,$a', "$a;$a", "switch($a){1{}}", "foreach($i in $a){}",
    "$a -notin 1", "% $a", "New-Object $a", "etsn $a", "++$a", "$a.$a", "[regex]::Matches($a,'.')", "[convert]::FromBase64String($a)", "[wmi]$a",
]  # fmt: skip
SECONDS = 30.0  # of the processor, a hundred times what they take: a rule that is quadratic takes more


def seconds(before: str, unit: str) -> float:
    text = (before + (unit + ";") * (MAX_TEXT // (len(unit) + 1) + 1))[:MAX_TEXT]
    start = time.process_time()
    analyse(text)
    return time.process_time() - start


@pytest.mark.parametrize("unit", ["1..60000|%{-split}", "iwmi @a", "$a=(", "iex 'iwmi'", "$a -notin 1", "% $a"])
def test_the_worst_texts(unit: str) -> None:
    assert seconds("wmi;$a=1..60000;", unit) < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("before", LONG)
def test_long_values_looked_at_often(before: str) -> None:
    slow = {unit: spent for unit in LOOKS if (spent := seconds(before, unit)) >= SECONDS}
    assert not slow


def test_what_was_found_before_a_bound_is_kept() -> None:
    result = analyse(SHAPES["long event"])
    assert result.fields["remote_host"] == "H1"
    assert "only the first" in result.error
    assert analyse("iwmi -CN H1;" + ";" * 50_000).error == "script has too many tokens"


_pieces = st.sampled_from(
    [*REPEATED, "Invoke-WmiMethod ", "-CN ", "$a", "'x'", " ", "\n", ")", "}", "]", "'@", '"@', "-f", "foreach", "="]
)


@examples(150)
@given(st.lists(st.one_of(_pieces, st.text(max_size=5)), max_size=40))
def test_any_text(pieces: list[str]) -> None:
    text = "".join(pieces)
    for field in ("ScriptBlockText", "Message", "_raw"):
        check(text, field)
    analyse("wmi" + text)  # past the first look, and not shielded by the enricher


def test_an_exception_reaches_the_analyst_with_the_hit() -> None:
    class Broken(dict[str, object]):
        def get(self, name: str, default: object = None) -> object:
            raise RuntimeError("no such\0luck")

    assert Enricher().enrich(Broken()) == {"enrichment_error": "RuntimeError: no such\ufffdluck"}

"""Macro expansion by its rules, and the way back to the text that was written."""

from __future__ import annotations

import pytest

from caltrop.spl import Answer, Macro, SplError, expand, parse

MACROS = {
    ("m", 0): Macro("m", (), "status=200"),
    ("pick", 1): Macro("pick", ("n",), "where x=$n$"),
    ("two", 2): Macro("two", ("a", "b"), 'eval $a$="$b$"'),
    ("outer", 1): Macro("outer", ("w",), "search `pick($w$)`"),
    ("loop", 0): Macro("loop", (), "a `loop2`"),
    ("loop2", 0): Macro("loop2", (), "b `loop`"),
    ("limit", 1): Macro("limit", ("n",), '"head ".tostring($n$*2)', iseval=True),
    ("checked", 1): Macro("checked", ("n",), "head $n$", validation="isnum($n$)", errormsg="needs a number"),
    ("says", 1): Macro("says", ("n",), "head $n$", validation='if($n$>5,"too many",null())'),
    ("compared", 1): Macro("compared", ("n",), "head $n$", validation="$n$<5", errormsg="not below 5"),
    ("laughs", 0): Macro("laughs", (), "`ha` `ha` `ha` `ha` `ha` `ha` `ha` `ha` `ha` `ha`"),
    ("ha", 0): Macro("ha", (), "`hb` " * 100),
    ("hb", 0): Macro("hb", (), "`hc` " * 100),
    ("hc", 0): Macro("hc", (), "x" * 1000),
    ("broken", 0): Macro("broken", (), "a `` b"),
    **{(f"e{n}", 0): Macro(f"e{n}", (), f"`e{n + 1}``e{n + 1}`") for n in range(50)},
    ("e50", 0): Macro("e50", (), ""),
}


def find(name: str, arity: int) -> Macro | None:
    return MACROS.get((name, arity))


def text(spl: str) -> str:
    return expand(spl, find).text


@pytest.mark.parametrize(
    ("spl", "expected"),
    [
        ("search `m` x", "search status=200 x"),
        ("| `pick(3)`", "| where x=3"),
        ("| `outer( 3 )`", "| search where x=3"),
        ('| `two(x, "a, b")`', '| eval x="a, b"'),
        ("| `two(x, if(a, b))`", '| eval x="if(a, b)"'),
        ("| `two(b=1, a=y)`", '| eval y="1"'),
        ('| eval a="x`m`y"', '| eval a="x`m`y"'),
        ("a ```not `m` here``` `m`", "a ```not `m` here``` status=200"),
        (r'| eval a="\"`m`"', r'| eval a="\"`m`"'),
        ('| `pick("say \\"hi\\"")`', '| where x=say "hi"'),
        ("| `two($x$, $a$)`", '| eval $x$="$a$"'),
    ],
)
def test_expansion(spl: str, expected: str) -> None:
    assert text(spl) == expected


@pytest.mark.parametrize(
    ("spl", "message"),
    [
        ("| `nope`", "'nope' is not defined"),
        ("| `two(1)`", "'two' takes 2 arguments, found 1"),
        ("| `loop`", "expands itself"),
        ("| `laughs`", "grows beyond"),
        ("| `limit(2)`", "eval macro"),
        ("| `e0`", "more than 10,000 calls"),
        ("| `broken`", "in macro 'broken': a macro name"),
    ],
)
def test_refused(spl: str, message: str) -> None:
    with pytest.raises(SplError, match=message):
        expand(spl, find)


def test_hint_names_the_nearest_macro() -> None:
    with pytest.raises(SplError) as caught:
        expand("`pik(1)`", find, names=lambda: [name for name, _ in MACROS])
    assert caught.value.hint == "did you mean `pick`?"


def test_eval_macro_is_evaluated_after_replacement() -> None:
    asked: list[str] = []

    def evaluate(expression: str) -> Answer:
        asked.append(expression)
        return Answer("head 4")

    assert expand("| `limit(2)`", find, evaluate).text == "| head 4"
    assert asked == ['"head ".tostring(2*2)']


@pytest.mark.parametrize(
    ("spl", "result", "message"),
    [
        ("| `checked(x)`", Answer(False, boolean=True), "needs a number"),
        ("| `says(9)`", Answer("too many"), "too many"),
        ("| `compared(x)`", Answer(None, boolean=True), "not below 5"),
        ("| `checked(1)`", Answer(True, boolean=True), None),
        ("| `says(1)`", Answer(None), None),
    ],
)
def test_validation(spl: str, result: Answer, message: str | None) -> None:
    if message is None:
        assert expand(spl, find, lambda _: result).text.startswith("| head")
    else:
        with pytest.raises(SplError, match=message):
            expand(spl, find, lambda _: result)


def test_offsets_lead_back() -> None:
    spl = "search `m` | `outer(1)` | table ("
    expansion = expand(spl, find)
    with pytest.raises(SplError) as caught:
        parse(expansion.text)
    error = expansion.rebase(caught.value)
    assert spl[error.span.start] == "("
    inside = expansion.text.index("where")
    start, end = spl.index("`outer"), spl.index(" | table")
    assert (expansion.original(type(error.span)(inside, inside + 5)).start) == start
    assert (expansion.original(type(error.span)(inside, inside + 5)).end) == end


def test_a_macro_that_its_app_keeps_to_itself_is_told() -> None:
    with pytest.raises(SplError) as caught:
        expand("index=x `mine(1)`", lambda name, arity: None, unseen=lambda name, arity: f"{name}({arity}) is of app b")
    assert "'mine' is not shared with this app" in str(caught.value)
    assert caught.value.hint == "mine(1) is of app b"

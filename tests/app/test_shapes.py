"""A script that is read by its shape says what it says when it is read by itself."""

from __future__ import annotations

import base64
import re
from itertools import cycle

import pytest
from caltrop_enrich import shapes
from caltrop_enrich.enrich import analyse
from caltrop_enrich.limits import MAX_SHAPED, MAX_VALUE
from caltrop_enrich.shapes import Shapes
from caltrop_enrich.unfold import Memory
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples

from .test_hostile import REPEATED, SHAPES
from .test_scripts import CASES

# Literals that mean something to somebody: names of commands and keys, formats, payloads, quotes, numbers.
_ENCODED = base64.b64encode("iwmi -CN H7 | iex".encode("utf-16-le")).decode()
LITERALS = [
    "H1", "h2.corp.test", "10.1.2.3", "7", "5x", "1..3", "Win32_Process", "Win32_Share", "create", "", "x y", "don't", 'say "x"',
    "iwmi", "Invoke-WmiMethod", "iex", "CommandLine", "ComputerName", "{0}", "{0}{0}", "$null", "http://h1.test/x", "#1", "a#>b", "<#",
    "iwmi -CN H8", f"powershell -enc {_ENCODED}", "\\\\H9\\root\\cimv2:Win32_Process", "select * from Win32_X", "`", "$h", "foreach",
    "else", "\u1950\u1811\u1812", "\ue000", "\u2019", "x" * 900, "'", "''", '"', "=", "a=b", "\0", "\u0665",
]  # fmt: skip
TEMPLATES = [
    "Invoke-WmiMethod -CN {} -Class {} -Name {} -ArgumentList {}",
    "iwmi {} {} {} -CN:{} -Cred {}",
    "$h = {}; $h += {}\niwmi -CN $h,{} -Path \"\\\\$h\\{}\"",
    "$p = @{{ ComputerName = {}; {} = {} }}; $p[{}] = 'x'; iwmi @p",
    "& {} -CN {} -Class {} -Name create {}",
    "&('Invoke-' + {}) {} -CN ({} + {})",
    "([wmiclass]{}).Create({}, {}) # {}",
    "icim -ClassName {} -MethodName {} -Arguments @{{CommandLine={}}} -ComputerName {}",
    "foreach ($h in {},{}) {{ iwmi -CN $h -Arg ({} -f $h, {}) }}",
    "foreach ($h in {},{}) {{ iwmi -CN \"$h.{}\" -Path \"\\$h\" -Arg ($h + {}) {} }}",
    "{} | % {{ iwmi -CN $_ {} create {} }} # {}",
    "iex {}; powershell -Command {} -e {}; iwmi -CN {}",
    "sal {} iwmi; w {} {}; iwmi {}",
    "iwmi -CN (Get-Content {} # {}\n) -Class {} {}",
    "<# {} #> iwmi -CN {} {} {}",
    "iwmi -CN @'\n{}\n'@ -Class \"$({})\" {} {}",
    "$a = {}; $a = \"$a$a$a\"; $a = \"$a$a$a\"; iwmi -CN $a {} {} {}",
    "if ({} -eq {}) {{ iwmi -CN H1 {} }} {}",
    "iwmi -CN H1 -Arg 'it''s {}', \"a \"\"b\"\" {}\" {} {}",
    "gwmi -Query {} -cn {} | rwmi; $x[{}] iwmi {}",
]  # fmt: skip
WRAPS = ["{}", "'{}'", '"{}"', "'{}'", '"{}"', "({})", "'a','{}'", "-join '{}'", "x{}", "{}'y'", "$h", '"$h {}"']
_wraps = st.lists(st.sampled_from(WRAPS), min_size=5, max_size=5)
_texts = st.lists(st.one_of(st.sampled_from(LITERALS), st.text(max_size=4)), min_size=5, max_size=5)


@examples(300)
@given(st.sampled_from(TEMPLATES), _wraps, st.lists(_texts, min_size=3, max_size=6))
def test_a_plan_changes_nothing(template: str, wraps: list[str], rows: list[list[str]]) -> None:
    """Scripts of one form with other literals, in the state that the earlier ones left."""
    known, memory = Shapes(), Memory()
    for texts in rows:
        script = template.format(*(wrap.format(text) for wrap, text in zip(wraps, texts, strict=True)))
        assert analyse(script, known, False, memory) == analyse(script)


_LITERAL_TEXT = re.compile(r"(?<=')[^'\r\n]+(?=')|(?<=\")[^\"`$\r\n]+(?=\")|[A-Za-z]+\d[\w.]*")


@examples(200)
@given(st.sampled_from([script for script, _ in CASES.values()]), st.lists(st.sampled_from(LITERALS), min_size=1))
def test_the_cases_with_other_literals(script: str, literals: list[str]) -> None:
    known, memory = Shapes(), Memory()
    for shift in range(5):
        literals = literals[1:] + literals[:1]
        parts = _LITERAL_TEXT.split(script)
        other = "".join(a + b for a, b in zip(parts, cycle(literals), strict=False)) if shift else script
        assert analyse(other, known, False, memory) == analyse(other)


_pieces = st.sampled_from(
    [*REPEATED, *LITERALS, "Invoke-WmiMethod ", "-CN ", "$a", "'H1'", " ", "\n", ")", "}", "]", "'@", "-f", "=", "#"]
)


@examples(200)
@given(st.lists(st.one_of(_pieces, st.text(max_size=3)), max_size=14))
def test_hostile_text_says_the_same(pieces: list[str]) -> None:
    known, memory = Shapes(), Memory()
    text = "wmi" + "".join(pieces)
    for _ in range(3):
        assert analyse(text, known, False, memory) == analyse(text)


@pytest.mark.parametrize("name", SHAPES)
def test_hostile_shapes_say_the_same(name: str) -> None:
    known = Shapes()
    text = SHAPES[name][:MAX_SHAPED]
    for number in range(3):
        assert analyse(f"{text} 'x{number}'", known) == analyse(f"{text} 'x{number}'")


PLANNED = {
    "named": ("Invoke-WmiMethod -CN H{0} -Class Win32_Process -Name create -ArgumentList 'cmd {0}'", True),
    "by position": ('iwmi Win32_Process create "x.exe /{0}" -CN:H{0}', True),
    "variables": ("$h = 'H{0}'; $c = \"x {0}\"\niwmi -CN $h -Class Win32_Process -Name create -Arg $c", True),
    "text made of literals": ("$h = 'H{0}'; iwmi -CN \"$h.corp\" -Arg ('a' + 'b{0}')", True),
    "doubled quotes": ("iwmi -CN H{0} -Arg 'it''s {0}'", True),
    "comment": ("iwmi -CN H{0} # call {0}", True),
    "table": ("icim Win32_Process Create @{{CommandLine='x {0}'}} -cn 10.0.0.{0}", True),
    "splat": ("$p = @{{ComputerName='H{0}'; Class='Win32_Process'}}; iwmi @p", True),
    "wmiclass": ('([wmiclass]"\\\\H{0}\\root\\cimv2:Win32_Process").Create("x {0}")', True),
    "loop": ("foreach ($h in 'A{0}', 'B{0}') {{ iwmi -CN $h -Class Win32_Process -Name create -Arg 'x' }}", True),
    "the command itself": ("& 'iwmi' -CN H{0}; & 'x{0}'", False),
    "block comment": ("<# '{0}' #> iwmi -CN H{0}", False),
    "text in a text": ("iwmi -CN \"$(Get-Content 'x{0}')\"", False),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANNED)
def test_what_is_planned(name: str) -> None:
    """Scripts that differ in their literals alone share a plan, but for those whose reading goes by a literal."""
    template, planned = PLANNED[name]
    known = Shapes()
    for number in range(100, 105):
        analyse(template.format(number), known)
    assert (known.match(template.format(999)) is not None) == planned


REPEATING = '$a = \'{}\'; $b = "$a$a$a"; $c = "$b$b$b"; iwmi -CN H1 -Class Win32_Process -Name create -Arg $c'


def test_a_plan_ends_where_a_text_could_be_cut() -> None:
    """A text that a script repeats may grow beyond MAX_VALUE, where reading cuts it and filling in would not."""
    known = Shapes()
    for number in range(3):
        analyse(REPEATING.format(f"x{number}"), known)
    assert known.match(REPEATING.format("y9")) is not None
    long = REPEATING.format("y" * (MAX_VALUE // 9 + 1))
    assert len(long) < MAX_SHAPED
    assert known.match(long) is None
    assert analyse(long, known) == analyse(long)
    assert len(str(analyse(long).fields["remote_command"])) == MAX_VALUE


def test_a_long_text_has_no_plan() -> None:
    template = "iwmi -CN H{0} -Class Win32_Process -Name create -Arg 'x {0}'"
    known = Shapes()
    for number in range(3):
        analyse(template.format(number), known)
    room = MAX_SHAPED - len(template.format(""))
    fits, long = ("iwmi -CN H1 -Class Win32_Process -Name create -Arg 'x {}'".format("y" * n) for n in (room - 1, room))
    assert (len(fits), len(long)) == (MAX_SHAPED, MAX_SHAPED + 1)
    assert known.match(fits) is not None and known.match(long) is None
    assert analyse(long, known) == analyse(long)
    fresh = Shapes()
    assert fresh.match(long) is None and fresh._size == 0, "a long text is neither cut up nor remembered"


def test_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shapes, "CACHE_CHARACTERS", 10_000)
    known = Shapes()
    for number in range(2_000):
        known.match(f"iwmi -C{'N' * (number % 90)} $x{number}")
    assert len(known._entries) < 1_000


# What lies in a planned text: scripts, payloads and command lines, and the same payload under other hosts.
INNER = [
    f"iwmi -CN H{{0}} Win32_Process create 'powershell -enc {_ENCODED}'",
    "iwmi -CN H{0} Win32_Process create 'cmd /c wmic /node:H9 process call create x.exe'",
    "icim Win32_Process Create @{{CommandLine='powershell -c iwmi -CN H7 -Cred c'}} -CN H{0}",
    "$h = 'H{0}'; iwmi -CN $h Win32_Process create 'cmd /c net use \\\\H8\\c$'",
    "iwmi -CN H{0} Win32_Process create 'powershell iex $x'; iwmi -CN H1 Win32_Process create 'mshta x'",
]


@pytest.mark.parametrize("template", INNER)
def test_what_lies_in_a_planned_text(template: str) -> None:
    known, memory = Shapes(), Memory()
    for number in range(6):
        text = template.format(number)
        found = analyse(text, known, False, memory)
        assert found == analyse(text)
        assert not found.error

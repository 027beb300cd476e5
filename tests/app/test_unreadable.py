"""Scripts of special characters: read where they can be, else said; and what ordinary scripts have of such is left alone."""

from __future__ import annotations

import pytest
from caltrop_enrich.enrich import Enricher, analyse
from hypothesis import given
from hypothesis import strategies as st

_DIGITS = ["${=}", "${+}", "${@}", "${.}", "${[}", "${]}", "${(}", "${)}", "${&}", "${|}"]


def _places(number: int) -> str:
    return "".join(_DIGITS[int(digit)] for digit in str(number))


def symbols_alone(command: str) -> str:
    """A script of special characters that runs a command: digits by counting, letters out of what PowerShell writes for values."""
    counted = "${;}=+$();${=}=${;};" + "".join(name + "=++${;};" for name in _DIGITS[1:])

    def letter(place: int) -> str:
        return f'"$(@{{}})"["{_places(place)}"]'

    cast = '${"}="["+' + "+".join([letter(7), letter(19), letter(20), f'"$?"[{_DIGITS[1]}]']) + '+"]";'
    insert = "+".join([letter(14), letter(16), letter(0), letter(4), f'"$?"[{_DIGITS[1]}]', letter(3)])
    run = '${;}="".(' + insert + ");${;}=" + letter(14) + "+" + letter(4) + f'+"${{;}}"["{_places(27)}"];'
    return counted + cast + run + '"' + "+".join('${"}' + _places(ord(one)) for one in command) + '|${;}"|&${;}'


def test_special_characters_are_read() -> None:
    script = symbols_alone("iwmi -CN H7 -Class Win32_Process -Name create -Arg 'calc'")
    assert not any(one.isalnum() for one in script)
    fields = analyse(script).fields
    assert (fields["remote_host"], fields["remote_command"]) == ("H7", "calc")
    assert "wmi_unresolved" not in fields


UNREADABLE = {
    "a text, piped to a name out of a text": '"$(@{})"["$(+$())"]|&("$(@{})"[14])',
    "texts within texts": '${;}="$(${@}${!})$(${#})";&"$(${;})" "$(${+})"',
    "nothing is run by name": '${!}="$(${@})";${+}="${!}$(${#})";"${+}|${!}"',
    "members by computed names": "${*}.(${#})(${@})",
    "members of variables": "${!}=${@}.${#}(${*});${!}.${(}()",
    "a pipe": "${*}|&${#}",
    "a dot": '.("$(${!})"[${#}]+"$(${@})"[${*}])("$(${;})")',
    "texts of punctuation alone": '"$($(+$()))$($(+$()))$($(+$()))$($(+$()))"',
    "reversed": "$_='XEI';.(${_}[-1..-3]-join'') ${!}",
    "blanks for letters, a name without one": "$s='  \t \t   \t\t  ';&(($s-split'\t'|%{$_.Length})-join'')",
    "blanks for letters, a name that is not known": "' \t \t  \t'-split'\t'|%{$t+=[char]$_.length};.($t)",
    "the name put together in a text": '$a=$b;& "$a$c" 1',
    "the name in a pipe": "$x|.$y",
}
ORDINARY = {
    "numbers": "@(1,2,3),(4,5,6)\n" * 40,
    "arithmetic": '1..10|%{"$($_*2) $($_+3) $($_/4)"}',
    "GUIDs": "{0d1f4c6a-1111-2222-3333-444455556666}\n" * 20,
    "digits of GUIDs alone": "'{01234567-1111-2222-3333-444455556666}'\n" * 20,
    "hashes": "'9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'\n" * 20,
    "CSV": "a;b;c\n1;2;3\n" * 30,
    "prices": "'$1,200.00','$3,400.00'\n" * 20,
    "a table": "@{\n'a'=1\n'b'=2\n}" * 10,
    "bytes": "0x4d,0x5a,0x90," * 100 + "0",
    "a line": "'" + "-" * 200 + "'",
    "a prompt": "{ $_ }",
    "the engine's own variables": "$?; $$; $^",
    "a module's manifest": "@{ModuleVersion='1.0'; GUID='d0a9150d-b6a4-4b17-a325-e3a24fed0aa9'; FunctionsToExport=@('*')}",
    "a file beside the script": ". $PSScriptRoot\\lib.ps1\nGet-ChildItem -Path $x",
    "a program beside the script": '& "$PSScriptRoot\\tool.exe" -x; & $env:windir\\system32\\where.exe a',
    "files of a module": "Get-ChildItem *.ps1 | % { . $_.FullName }",
    "members by variables": "$o.$p = 3; $o.$m(3); $h.'key'; $o.\"$k\"",
    "a shell's script": "@'\n#!/bin/sh\necho \"${@}\" \"${#}\" ${*} ${!}\n'@ | Out-File x",
    "patterns": "$x = '\\${([^}]+)}'; $y -replace $x, '${1}'",
    "names in braces": 'function Get-It { param([string]${Name}) "${Name}: ${env:X}" }',
    "names of letters elsewhere": "${größe} = 1; ${имя} = 2; ${名前} = 3; ${a-b} = 4",
}  # fmt: skip


@pytest.mark.parametrize("name", UNREADABLE)
def test_what_cannot_be_read_is_said(name: str) -> None:
    assert analyse(UNREADABLE[name]).fields.get("wmi_unresolved")


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_scripts_are_left_alone(name: str) -> None:
    assert "wmi_unresolved" not in analyse(ORDINARY[name]).fields


@pytest.mark.parametrize("name", UNREADABLE)
def test_the_same_is_said_of_every_script_of_a_shape(name: str) -> None:
    enricher = Enricher(None, "text")
    for number in range(4):
        script = UNREADABLE[name] + f";'{number}!'"
        assert enricher.enrich({"text": script}) == analyse(script).fields


@given(st.text("${}()[]\"';=+&|.@!#%^*-_ \t\n0123456789", min_size=40, max_size=200))
def test_nothing_letterless_that_calls_is_silent(text: str) -> None:
    script = f"${{;}}={text.count('$')};&\"${{#}}$(${{;}})\" '{text.replace(chr(39), '')}'"
    result = analyse(script)
    assert result.error or result.fields.get("wmi_unresolved")

"""An obfuscator of PowerShell: known calls -> scripts that do the same and hide it, layer upon layer, from a seed.

Its kinds are those of the tools that are public: tokens (case, backticks, pieces, formats, computed names), strings (concatenated,
reordered, reversed, replaced), encodings (numbers of any base, XOR, Base64, white space, secure strings), compression, launchers. What
comes out runs under Windows PowerShell 5.1; nothing here runs it.
"""

from __future__ import annotations

import base64
import gzip
import random
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_LITERAL_AFTER_BACKTICK = set("0abfnrtv")  # a backtick before these is an escape


@dataclass(frozen=True, slots=True)
class Known:
    """A call in pieces, and the fields that say what it does. A piece is (kind, text): name, parameter, string or plain."""

    pieces: tuple[tuple[str, str], ...]
    fields: dict[str, str | list[str]]

    @property
    def script(self) -> str:
        """The call without any disguise."""
        return " ".join(quoted(text) if kind == "string" else text for kind, text in self.pieces)


def _wmi(host: str, command: str, name: str = "Invoke-WmiMethod") -> Known:
    return Known(
        (
            ("name", name), ("parameter", "-ComputerName"), ("string", host), ("parameter", "-Class"), ("string", "Win32_Process"),
            ("parameter", "-Name"), ("string", "Create"), ("parameter", "-ArgumentList"), ("string", command),
        ),
        {"remote_host": host, "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": command},
    )  # fmt: skip


def _cim(host: str, command: str) -> Known:
    return Known(
        (
            ("name", "Invoke-CimMethod"), ("parameter", "-ClassName"), ("string", "Win32_Process"), ("parameter", "-MethodName"),
            ("string", "Create"), ("parameter", "-ComputerName"), ("string", host), ("parameter", "-Arguments"),
            ("plain", "@{CommandLine=" + quoted(command) + "}"),
        ),
        {"remote_host": host, "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": command},
    )  # fmt: skip


def _class(host: str, command: str) -> Known:
    path = f"\\\\{host}\\root\\cimv2:Win32_Process"
    return Known(
        (("plain", f"([wmiclass]{quoted(path)}).Create({quoted(command)})"),),
        {"remote_host": host, "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": command},
    )


def known(draw: random.Random) -> Known:
    """One of the calls, with a host and a command of its own."""
    number = draw.randrange(1000)
    host = draw.choice([f"srv{number:02}", f"10.1.{number % 250}.7", f"dc-{number}.corp.test"])
    command = draw.choice(
        ["calc.exe", f"C:\\Tools\\a{number}.exe /q", "cmd.exe /c whoami > C:\\t.txt", "notepad.exe it's"]
    )
    make: Callable[[str, str], Known] = draw.choice([_wmi, _wmi, lambda h, c: _wmi(h, c, "iwmi"), _cim, _class])
    return make(host, command)


# -- helpers


def quoted(text: str) -> str:
    """A text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


def cased(draw: random.Random, text: str) -> str:
    """Letters in either case."""
    return "".join(draw.choice((char.upper(), char.lower())) for char in text)


def ticked(draw: random.Random, text: str) -> str:
    """Backticks where they say nothing."""
    out = []
    for place, char in enumerate(text):
        if place and char.isalnum() and char not in _LITERAL_AFTER_BACKTICK and draw.random() < 0.25:
            out.append("`")
        out.append(char)
    return "".join(out)


def pieces(draw: random.Random, text: str, most: int = 5) -> list[str]:
    """A text cut at random."""
    cuts = sorted(draw.sample(range(1, len(text)), min(len(text) - 1, draw.randint(1, most)))) if len(text) > 1 else []
    return [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]


def _gap(draw: random.Random) -> str:
    return draw.choice(("", " "))


def concatenated(draw: random.Random, text: str, most: int = 5) -> str:
    """`('a'+'b')`."""
    plus = _gap(draw) + "+" + _gap(draw)
    return "(" + plus.join(quoted(piece) for piece in pieces(draw, text, most)) + ")"


def reordered(draw: random.Random, text: str, most: int = 5) -> str:
    """`("{1}{0}" -f 'b','a')`."""
    parts = pieces(draw, text, most)
    order = list(range(len(parts)))
    draw.shuffle(order)
    places = "".join("{" + str(order.index(number)) + "}" for number in range(len(parts)))
    return f'("{places}"{_gap(draw)}-{cased(draw, "f")}{_gap(draw)}' + ",".join(quoted(parts[n]) for n in order) + ")"


def _disguised(draw: random.Random, text: str) -> str:
    return draw.choice((concatenated, reordered))(draw, text)


def run(draw: random.Random, expression: str) -> str:
    """An expression whose value is run, by one of the ways to spell Invoke-Expression."""
    name = draw.choice(("iex", "Invoke-Expression"))
    call = draw.choice(("&", ".")) + _gap(draw)
    spelled = draw.choice((
        cased(draw, name),
        cased(draw, name),
        call + "(" + cased(draw, "$ShellId[1]+$ShellId[13]+'x'") + ")",
        call + "( " + cased(draw, f"$PSHome[{draw.choice((4, 21))}]+$PSHome[{draw.choice((30, 34))}]+'x'") + ")",
        call + "( " + cased(draw, f"$env:ComSpec[4,{draw.choice((15, 24, 26))},25]-join''") + ")",
        call + "((" + cased(draw, draw.choice(("gv", "Get-Variable", "Variable")) + " '*mdr*'") + ").Name[3,11,2]-join'')",
        call + "( $VerbosePreference.ToString()[1,3]+'x'-Join'')",
        call + "(([string]$VerbosePreference)[1,3]+'X'-join'')",
        call + "( ([String]''.Insert)[3,10,27]-join'')" if draw.random() < 0.5 else call + "( ''.Insert.ToString()[7,26,27]-join'')",
        call + "( $env:Public[13]+$env:Public[5]+'x')",
        call + _disguised(draw, name),
        call + f"(gcm {draw.choice(('*ke-Expr*', 'in*oke-e*'))})",
        call + "(gal ie?)",
    ))  # fmt: skip
    form = draw.randrange(4)
    if form == 0:
        return f"{expression}{_gap(draw)}|{_gap(draw)}{spelled}"
    if form == 1 and spelled[0] not in "&.":
        return f"& ([scriptblock]::Create({expression}))"
    if form == 2 and spelled[0] not in "&.":
        return f"$ExecutionContext.InvokeCommand.InvokeScript(({expression}))"
    return f"{spelled} ({expression})"


# -- layers: each takes a script and gives one that does the same


def tokens(draw: random.Random, call: Known) -> str:
    """The call's own tokens in disguise."""
    before: list[str] = []
    out: list[str] = []
    for kind, text in call.pieces:
        if kind == "name":
            choice = draw.randrange(6)
            if choice == 0:
                out.append("&" + _gap(draw) + _disguised(draw, cased(draw, text)))
            elif choice == 1:
                out.append(". " + _disguised(draw, text))
            elif choice == 2:
                variable = f"${draw.choice('qxyz')}{len(before)}"
                before.append(f"{variable}={_disguised(draw, text)}")
                out.append("& " + variable)
            elif choice == 3 and "-" in text:
                before.append(f"sal w{draw.randrange(9)} {_disguised(draw, text)}")
                out.append(before[-1].split()[1])
            else:
                out.append(ticked(draw, cased(draw, text)))
        elif kind == "parameter":
            out.append("-" + ticked(draw, cased(draw, text[1:])) if draw.random() < 0.5 else cased(draw, text))
        elif kind == "string":
            choice = draw.randrange(6)
            if choice == 0 and not set('$`"') & set(text):
                out.append('"' + ticked(draw, text) + '"')
            elif choice == 1:
                variable = "${" + draw.choice(("a", "b")) + ticked(draw, "qz") + str(len(before)) + "}"
                before.append(f"{variable}{_gap(draw)}={_gap(draw)}{_disguised(draw, text)}")
                out.append(variable)
            elif choice == 2:
                name = f"k{len(before)}"
                before.append(f"Set-Item {quoted('Variable:' + name)} {_disguised(draw, text)}")
                out.append(
                    draw.choice(
                        (
                            f"${name}",
                            f"(gv {name}).Value",
                            f"(Get-Item Variable:{name}).Value",
                            f"(Get-Variable {name} -ValueOnly)",
                        )
                    )
                )
            elif choice == 3:
                out.append("$(" + _disguised(draw, text) + ")")
            else:
                out.append(_disguised(draw, text))
        else:
            out.append(cased(draw, text) if "'" not in text else text)
    return draw.choice((";", " ;\n", "; ")).join([*before, "  ".join(out) if draw.random() < 0.3 else " ".join(out)])


def strings(draw: random.Random, script: str) -> str:
    """The whole script as a text that is put together."""
    kind = draw.randrange(7)
    if kind == 0:
        return run(draw, concatenated(draw, script, 25))
    if kind == 1:
        return run(draw, reordered(draw, script, 25))
    back = quoted(script[::-1])
    if kind == 2:
        name = f"$r{draw.randrange(99)}"
        slice_ = draw.choice((f"[-1..-({name}.Length)]", f"[({name}.Length-1)..0]", f"[-1 .. -{name}.Length]"))
        return f"{name}={back};" + run(draw, f"({name}{slice_} -join '')")
    if kind == 3:
        name = f"$c{draw.randrange(99)}"
        return f"{name}=({back}).ToCharArray();[Array]::Reverse({name});" + run(draw, f"(-join {name})")
    if kind == 4:
        how = "-join ([regex]::Matches(" + back + ",'.','RightToLeft')|%{$_.Value})"
        return run(draw, f"({how})") if "\n" not in script else run(draw, concatenated(draw, script, 12))
    return _replaced(draw, script)


def _replaced(draw: random.Random, script: str) -> str:
    """Letters taken away, and put back by Replace."""
    expression, used = script, []
    letters = [char for char in dict.fromkeys(script) if char.isalnum() or char in "'\"$-"]
    for letter in draw.sample(letters, min(len(letters), 3)):
        token = next(
            t
            for t in iter(lambda: "".join(draw.choices("QZXJKV", k=3)), "")
            if t.lower() not in expression.lower() and letter.lower() not in t.lower()
        )
        expression = expression.replace(letter, token)
        used.append((token, letter))
    text = quoted(expression)
    for token, letter in reversed(used):
        spelled = f"[string][char]{ord(letter)}"
        by = draw.randrange(3)
        if by == 0:
            text = f"({text}.Replace({_disguised(draw, token)},{spelled}))"
        elif by == 1:
            text = (
                f"({text} -creplace {quoted(token)},{spelled})"
                if letter != "$"
                else f"({text}.Replace({quoted(token)},{spelled}))"
            )
        else:
            text = f'({text}."rEp`LacE"({quoted(token)},{spelled}))'
    return run(draw, text)


def encodings(draw: random.Random, script: str) -> str:
    """The whole script as numbers, XOR, Base64 or white space."""
    kind = draw.randrange(10)
    codes = [ord(char) for char in script]
    each = draw.choice(("%", "ForEach-Object", "foreach"))
    if kind < 4:
        base = (10, 16, 8, 2)[kind]
        form = {10: "d", 16: "x", 8: "o", 2: "b"}[base]
        letters = draw.sample("ghijklmnopqrstuvwyz~!%&_", 3)
        digits = "".join(format(code, form) + draw.choice(letters) for code in codes)[:-1]
        convert = (
            f"[char]([convert]::toint16(([string]$_),{base}))"
            if base != 10
            else draw.choice(("[char][int]$_", "([int]$_ -as [char])"))
        )
        cut = draw.choice(
            (f"{quoted(digits)}.Split({quoted(''.join(letters))})", f"({quoted(digits)} -split '[{''.join(letters)}]')")
        )
        if draw.random() < 0.4:
            cut = "(" + ",".join(quoted(format(code, form)) for code in codes) + ")"
        return run(draw, _together(draw, f"({cut}|{each}{{{convert}}})"))
    if kind == 4:
        return run(draw, _together(draw, "([char[]](" + ",".join(map(str, codes)) + "))"))
    if kind == 5:
        key = draw.randrange(1, 127)
        spelled = draw.choice((str(key), f"0x{key:X}", quoted(f"0x{key:X}")))
        numbers = ",".join(str(code ^ key) for code in codes)
        return run(draw, _together(draw, f"(({numbers})|{each}{{[char]($_ -bxor {spelled})}})"))
    if kind == 6:
        hexadecimal = script.encode().hex()
        name, out, at = (f"${letter}{draw.randrange(99)}" for letter in "hoi")
        loop = f"for({at}=0;{at} -lt {name}.Length;{at}+=2){{{out}+=[char][convert]::ToInt32({name}.Substring({at},2),16)}}"
        return f"{name}='{hexadecimal}';{out}='';{loop};" + run(draw, f"({out})")
    if kind == 7:
        encoding = draw.choice(("Unicode", "UTF8", "ASCII"))
        data = script.encode({"Unicode": "utf-16-le", "UTF8": "utf-8", "ASCII": "ascii"}[encoding])
        text = quoted(base64.b64encode(data).decode())
        owner = draw.choice(("[Text.Encoding]", "[System.Text.Encoding]", cased(draw, "[System.Text.Encoding]")))
        return run(draw, f"({owner}::{encoding}.GetString([Convert]::FromBase64String({text})))")
    if kind == 8:
        blank = "\t\t".join("\t".join(" " * (int(digit) + 1) for digit in str(code)) for code in codes)
        inner = "$_ -csplit '\t\t'|%{'\t';$_.Split('\t')|%{$_.Length-1}}"
        return run(
            draw,
            f"('{blank}'|%{{$w={inner};[string]::Join('',((-join($w[0..($w.Length-1)])).Trim('\t ').Split('\t')|%{{([char][int]$_)}}))}})",
        )
    return run(draw, "([Runtime.InteropServices.Marshal]::PtrToStringAuto([Runtime.InteropServices.Marshal]::SecureStringToBSTR("
                     f"$('{codes[0]:04x}76492d11167'|ConvertTo-SecureString -Key (1..16)))))")  # fmt: skip


def _together(draw: random.Random, characters: str) -> str:
    return draw.choice((
        f"({characters} -join '')",
        f"(-join {characters})",
        f"([string]::Join('',{characters}))",
        f"(\"$(Set-Item 'Variable:OFS' '')\"+[string]{characters}+\"$(Set-Item 'Variable:OFS' ' ')\")",
    ))  # fmt: skip


def compressed(draw: random.Random, script: str) -> str:
    """A deflate or gzip stream."""
    if draw.random() < 0.5:
        engine = zlib.compressobj(9, zlib.DEFLATED, -15)
        data, kind = engine.compress(script.encode()) + engine.flush(), "DeflateStream"
    else:
        data, kind = gzip.compress(script.encode()), "GzipStream"
    text = quoted(base64.b64encode(data).decode())
    memory = draw.choice(
        (
            f"[IO.MemoryStream][Convert]::FromBase64String({text})",
            f"(New-Object System.IO.MemoryStream(,[Convert]::FromBase64String({text})))",
        )
    )
    stream = f"New-Object IO.Compression.{kind}({memory},[IO.Compression.CompressionMode]::Decompress)"
    if draw.random() < 0.5:
        return run(draw, f"(New-Object IO.StreamReader(({stream}),[Text.Encoding]::ASCII)).ReadToEnd()")
    return run(draw, f"({stream}|%{{New-Object IO.StreamReader($_,[Text.Encoding]::ASCII)}}|%{{$_.ReadToEnd()}})")


def launched(draw: random.Random, script: str) -> str:
    """Another shell that runs it."""
    payload = base64.b64encode(script.encode("utf-16-le")).decode()
    flag = "-" + cased(draw, "encodedcommand"[: draw.randint(1, 14)]) if draw.random() < 0.9 else "-ec"
    shell = draw.choice(
        ("powershell", "powershell.exe", "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", "pwsh")
    )
    options = draw.choice(("-nop", "-NoP -NonI -W Hidden", "-ep bypass -nop", "-w 1 -exec bypass"))
    plain = not set('"\n%^&|<>!') & set(script) and len(script) < 6000
    kind = draw.randrange(9)
    if kind == 0 or (kind > 5 and not plain):
        return f"{shell} {options} {flag} {payload}"
    if kind == 1:
        return f"Start-Process {shell} -ArgumentList {quoted(f'{options} {flag} {payload}')} -WindowStyle Hidden"
    if kind == 2:
        words = ",".join(quoted(word) for word in [*options.split(), flag, payload])
        return f"saps -FilePath {shell} -Args {words}"
    if kind == 3:
        name = f"a{draw.randrange(99)}"
        words = ",".join(quoted(word) for word in [*options.split(), flag, payload])
        return f"${name}=@({words}); & {shell} {draw.choice('$@')}{name}"
    if kind == 4:
        return (
            f"cmd /c {quoted(f'{shell} {options} {flag} {payload}')}"
            if "\\" not in shell
            else f'cmd.exe /c "{shell} {options} {flag} {payload}"'
        )
    if kind == 5:
        return f'wmic process call create "powershell {options} {flag} {payload}"'
    if kind == 6:
        return f"{shell} {options} -Command {quoted(script)}"
    if kind == 7:
        return f"cmd /c {quoted('echo ' + script + '|powershell -nop -')}"
    return f"cmd /c {quoted('set qz=' + script + '&&powershell -nop iex $env:qz')}"


Layer = Callable[[random.Random, str], str]
LAYERS: dict[str, Layer] = {"string": strings, "encoding": encodings, "compress": compressed, "launcher": launched}
LONGEST = 60_000  # characters; a layer that makes more is left out


def obfuscated(seed: int) -> tuple[str, Known, list[str]]:
    """A script, the call in it, and the layers around it: up to three, the innermost first."""
    draw = random.Random(seed)
    call = known(draw)
    depth = draw.randint(1, 3)
    names = []
    script = call.script
    if draw.random() < 0.6:
        script = tokens(draw, call)
        names.append("token")
    while len(names) < depth:
        name = draw.choice(list(LAYERS))
        made = LAYERS[name](draw, script)
        if len(made) > LONGEST:
            break
        script = made
        names.append(name)
    return script, call, names

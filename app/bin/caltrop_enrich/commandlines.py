"""A command line -> what it starts: PowerShell, cmd, wmic and the programs that reach other hosts.

The line is taken apart as cmd.exe and the C runtime do; nothing is executed, `%names%` are those of `constants.ENVIRONMENT` and of
`set` in the line itself.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Tuple

from .arguments import ARGUMENT, DASHES, split, unquoted
from .constants import ENVIRONMENT
from .encoded import decode
from .limits import MAX_SCRIPTS, MAX_TEXT, MAX_VALUE, MAX_VALUES
from .programs import REMOTE
from .records import Call, Reading, said
from .source_text import SEPARATOR
from .values import Budget, Strings

_PERCENT = re.compile(r"%([^%\r\n:=]{1,64})(?::~(-?\d{1,4})(?:,(-?\d{1,4}))?|:([^=%\r\n]{1,64})=([^%\r\n]{0,64}))?%")
_BANG = re.compile(r"!([^!\r\n:=]{1,64})(?::~(-?\d{1,4})(?:,(-?\d{1,4}))?)?!")
_SET = re.compile(r'^set[ \t]+"?([^="]{1,64})=(.*?)"?$', re.IGNORECASE | re.DOTALL)
_RUN_HERE = frozenset(("psexec", "psexec64", "paexec"))  # run their command on this host where they name none
_SHELL = re.compile(
    r"(?:[A-Za-z]:\\[^\"<>|]{0,128}\\)?\b(?:powershell|pwsh|cmd|wmic)(?:\.exe)?(?=[\s\"'])", re.IGNORECASE
)
_RUN = re.compile(r"\.(?:run|exec|shellexecute|execute)\s*\(?\s*(\"(?:[^\"]|\"\")*\"|'[^']*')", re.IGNORECASE)
# The parameters of powershell.exe, each with the shortest form that it takes, and whether a value follows.
_SHELL_PARAMETERS: Tuple[Tuple[str, str, bool], ...] = (
    ("encodedcommand", "e", True), ("command", "c", False), ("file", "f", True), ("executionpolicy", "ex", True),
    ("windowstyle", "w", True), ("version", "v", True), ("psconsolefile", "psc", True), ("inputformat", "inp", True),
    ("outputformat", "o", True), ("configurationname", "config", True), ("encodedarguments", "encodeda", True), ("noprofile", "nop", False),
    ("noninteractive", "noni", False), ("noexit", "noe", False), ("nologo", "nol", False), ("sta", "s", False), ("mta", "mta", False),
    ("workingdirectory", "wo", True), ("settingsfile", "settings", True), ("help", "h", False),
)  # fmt: skip


class Reader:
    """Reads the lines of one script; what it finds collects in `calls`, `scripts`, `payloads`."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.calls: List[Call] = []
        self.scripts: Strings = []
        self.payloads: Strings = []
        self.depth = 0
        self.environment: Dict[str, str] = {}
        self.clipboard = ""

    def line(self, text: str, piped: str = "") -> None:
        """Read a command line as CreateProcess takes it."""
        self.budget.decide(text)
        self.budget.spend(1 + (len(text) >> 5))
        found = ARGUMENT.match(text[:MAX_TEXT])
        if not found or self.depth >= 8:
            return
        self.depth += 1
        name = unquoted(found.group(1))
        rest = text[found.end() :]
        if " " in name and not name.lower().endswith((".exe", ".com", ".bat", ".cmd")) and not is_program(name):
            first = ARGUMENT.match(name)
            if first and is_program(unquoted(first.group(1))):  # the whole line in quotes
                name, rest = unquoted(first.group(1)), name[first.end() :] + rest
        if not self.program(name, None, rest, piped):
            inner = _SHELL.search(rest)  # started by a program that is not known
            if inner:
                self.line(rest[inner.start() :].strip("'"), piped)
        self.depth -= 1

    def program(self, name: str, arguments: Optional[Strings], rest: str, piped: str = "") -> bool:
        """Read a program's arguments: as a list where PowerShell hands them over, else as the rest of a line."""
        own = program_name(name)
        starter, remote = _STARTERS.get(own), REMOTE.get(own)
        if starter is None and remote is None:
            return False
        given = split(rest) if arguments is None else arguments
        self.budget.spend(1 + len(given))
        if starter is not None:
            starter(self, given, rest, piped)
            return True
        call = remote(given, rest) if remote is not None else None
        if call is not None and len(self.calls) < MAX_VALUES:
            self.calls.append(call)
            if own in _RUN_HERE and not call.hosts and call.commands:
                self.line(call.commands[0])
        return True

    # -- shells

    def powershell(self, arguments: Strings, rest: str, piped: str) -> None:
        """powershell.exe: -Command and -EncodedCommand; what is neither parameter nor value begins the command."""
        place = 0
        while place < len(arguments):
            typed = arguments[place]
            if typed[:1] and typed[0] in DASHES and len(typed) > 1 and " " not in typed:
                name, takes = _shell_parameter(typed[1:])
                place += 1
                if name == "encodedcommand":
                    self._encoded(arguments[place] if place < len(arguments) else "")
                    place += 1
                elif name == "command":
                    break
                elif name == "file":
                    return
                elif takes:
                    place += 1
                elif not name:
                    place -= 1
                    break
            else:
                break
        script = " ".join(arguments[place:])
        if script.strip() == "-" or (not script.strip() and piped):
            script = piped
        if re.search(r"\$(?:\{?input\b)", script, re.IGNORECASE) and piped:
            self.script(piped)
        if self.environment:
            script = self._with_environment(script)
        if "clipboard" in script.lower() and self.clipboard:
            self.script(self.clipboard)
        if len(script) > 1 and script[0] == "{" and script[-1] == "}":
            script = script[1:-1]
        self.script(script)

    def _with_environment(self, script: str) -> str:
        """What `set` put into the environment, before the script that reads it."""
        lines = []
        for name, value in self.environment.items():
            if name in script.lower() and re.fullmatch(r"[\w.]+", name):
                lines.append("${env:" + name + "}='" + value.replace("'", "''") + "';")
        return "".join(lines) + script

    def _encoded(self, text: str) -> None:
        payload = decode(text.strip("'\" "))
        if payload:
            if payload not in self.payloads and len(self.payloads) < MAX_VALUES:
                self.payloads.append(payload)
            self.script(payload)
        elif text:
            self.calls.append(said(f"-EncodedCommand {text}"[:MAX_VALUE]))

    def script(self, text: str) -> None:
        """Note a PowerShell script to be read."""
        if text.strip() and len(self.scripts) < MAX_SCRIPTS and text not in self.scripts:
            self.scripts.append(text)

    def cmd(self, arguments: Strings, rest: str, piped: str) -> None:
        """cmd.exe: what follows /c or /k, its commands one by one."""
        if not rest:
            rest = " ".join(arguments)
        switches = re.compile(r"[ \t]*/([^\s/\"]*)").match(rest)
        delayed = False
        while switches:
            letters = switches.group(1).lower()
            delayed = delayed or letters.startswith("v")
            at = switches.end()
            if letters[:1] in ("c", "k", "r"):
                rest = rest[switches.start() :].lstrip()[2:]
                self.batch(rest, delayed)
                return
            rest = rest[at:]
            switches = re.compile(r"[ \t]*/([^\s/\"]*)").match(rest)
        if piped:
            self.batch(piped, delayed)

    def batch(self, text: str, delayed: bool = False) -> None:
        """The commands of a line of cmd.exe."""
        text = text.strip()
        if len(text) > 1 and text[0] == '"' and text[-1] == '"':
            inside = text[1:-1]
            # cmd drops the outer quotes, but where they are the only ones and quote a program's name.
            text = inside if '"' in inside or " " in inside or "&" in inside or "|" in inside else text
        elif text[:1] == '"' and text.rstrip().endswith('"') is False and text.count('"') == 1:
            text = text[1:]
        self.budget.spend(1 + (len(text) >> 4))
        piped = ""
        for command, pipes in _commands(text):
            command = self._percent(command, delayed)
            command = command.strip().lstrip("@(,;= \t").strip()
            lower = command.lower()
            if lower.startswith("call "):
                command = self._percent(command[5:].strip(), delayed)
                lower = command.lower()
            assigned = _SET.match(command)
            if assigned:
                self._set(assigned.group(1).strip().lower(), assigned.group(2).rstrip("\r\n"))
                piped = ""
                continue
            if lower.startswith("echo"):
                said_text = command[5:].strip()
                piped = said_text if pipes else ""
                continue
            if lower.startswith(("if ", "for ", "do ", "cmd:")) and " " in command:
                inner = re.search(
                    r"\b(?:powershell|pwsh|cmd|wmic|sc|schtasks|psexec|mshta|rundll32)\b.*",
                    command,
                    re.IGNORECASE | re.DOTALL,
                )
                command = inner.group() if inner else command
            if lower.startswith(("clip", "clip.exe")):
                self.clipboard = piped or self.clipboard
                piped = ""
                continue
            if command:
                self.line(command, piped)
            piped = piped if pipes else ""

    def _set(self, name: str, value: str) -> None:
        if len(self.environment) < MAX_VALUES:
            self.environment[name] = value[:MAX_TEXT]
            self.budget.pay(len(value))

    def _percent(self, text: str, delayed: bool) -> str:
        """`%name%`, `%name:~1,2%` and, where delayed expansion is on, `!name!`."""

        def value(found: "re.Match[str]") -> str:
            name = found.group(1).lower()
            known = self.environment.get(name, ENVIRONMENT.get(name))
            if known is None:
                return found.group()
            if found.group(2):
                first = int(found.group(2))
                known = known[first:] if first < 0 or first <= len(known) else ""
                if found.group(3):
                    length = int(found.group(3))
                    known = known[:length]
            elif found.re is _PERCENT and found.group(4):
                known = known.replace(found.group(4), found.group(5))
            self.budget.pay(len(known))
            return known

        if "%" in text:
            text = _PERCENT.sub(value, text)[:MAX_TEXT]
        if delayed and "!" in text:
            text = _BANG.sub(value, text)[:MAX_TEXT]
        return text

    # -- programs

    def start(self, arguments: Strings, rest: str, piped: str) -> None:
        """cmd's `start "title" /b program …`."""
        line = rest.strip()
        title = re.compile(r'"[^"]*"[ \t]*').match(line)
        line = line[title.end() :] if title else line
        switch = re.compile(r"/(?:d[ \t]+\S+|\w+)[ \t]*").match(line)
        while switch:
            line = line[switch.end() :]
            switch = re.compile(r"/(?:d[ \t]+\S+|\w+)[ \t]*").match(line)
        self.line(line, piped)

    def rundll32(self, arguments: Strings, rest: str, piped: str) -> None:
        """`rundll32 shell32.dll,ShellExec_RunDLL program …` and scripts in `javascript:`."""
        found = re.search(r"ShellExec_RunDLLA?W?[\"' \t?]*", rest, re.IGNORECASE)
        if found:
            self.line(rest[found.end() :], piped)
        else:
            self.mshta(arguments, rest, piped)

    def mshta(self, arguments: Strings, rest: str, piped: str) -> None:
        """Programs that a line of VBScript or JScript runs."""
        for found in _RUN.finditer(rest.replace('\\"', '"')):
            inner = found.group(1)[1:-1].replace('""', '"').replace("\\\\", "\\")
            self.line(inner, piped)

    def script_host(self, arguments: Strings, rest: str, piped: str) -> None:
        """wscript and cscript: a script that ships with Windows and takes a program's arguments, or lines of VBScript."""
        place = next((place for place, word in enumerate(arguments) if not word.startswith("//")), len(arguments))
        if not (arguments[place:] and self.program(arguments[place], arguments[place + 1 :], rest, piped)):
            self.mshta(arguments, rest, piped)

    def appended(self, arguments: Strings, rest: str, piped: str) -> None:
        """`SyncAppvPublishingServer "n; script"`: its argument stands in a line of PowerShell."""
        self.script(" ".join(arguments).partition(";")[2])

    def pcalua(self, arguments: Strings, rest: str, piped: str) -> None:
        """`pcalua -a program -c arguments`."""
        found = re.search(r"-a[ \t]+(\"[^\"]*\"|\S+)(?:[ \t]+-c[ \t]+(.*))?", rest, re.IGNORECASE | re.DOTALL)
        if found:
            self.line(f"{found.group(1)} {unquoted((found.group(2) or '').strip())}", piped)

    def forfiles(self, arguments: Strings, rest: str, piped: str) -> None:
        """`forfiles /c "command"`."""
        found = re.search(r"/c[ \t]+(\"(?:[^\"\\]|\\.)*\"|.*)", rest, re.IGNORECASE | re.DOTALL)
        if found:
            self.line(unquoted(found.group(1)).replace("0x22", '"'), piped)


def read(text: str, budget: Budget) -> Reading:
    """Read one command line, or several that `source_text.SEPARATOR` joins."""
    reader = Reader(budget)
    for line in text.split(SEPARATOR)[:MAX_VALUES] if SEPARATOR in text else (text,):
        reader.line(line)
    return Reading(reader.calls, reader.scripts, [], reader.payloads, "")


def program_name(name: str) -> str:
    """A program's name as it is compared: without folders, quotes and `.exe`, lower case."""
    base = name.strip("\"' \t").replace("/", "\\").rsplit("\\", 1)[-1].lower().replace("^", "").replace('"', "")
    return base[:-4] if base.endswith((".exe", ".com")) else base


def is_program(name: str) -> bool:
    """Whether a name is that of a program that is read."""
    own = program_name(name)
    return own in _STARTERS or own in REMOTE


def _commands(text: str) -> List[Tuple[str, bool]]:
    """A line of cmd.exe cut at `&`, `&&`, `|`, `||` outside quotes, carets taken away; and whether each is piped on."""
    found: List[Tuple[str, bool]] = []
    current: List[str] = []
    quoted = False
    pos = 0
    for match in re.finditer(r'["^&|\r\n]', text):
        at = match.start()
        if at < pos:
            continue
        char = match.group()
        current.append(text[pos:at])
        pos = at + 1
        if char == '"':
            quoted = not quoted
            current.append(char)
        elif quoted:
            current.append(char)
        elif char == "^":
            current.append(text[pos : pos + 1])
            pos += 1
        else:
            double = text[pos : pos + 1] == char
            pos += double
            found.append(("".join(current), char == "|" and not double))
            current = []
        if len(found) >= 256:
            break
    current.append(text[pos:])
    found.append(("".join(current), False))
    return found


def _shell_parameter(typed: str) -> Tuple[str, bool]:
    """The parameter of powershell.exe that is meant, and whether a value follows; "" where it is none."""
    name = typed.lower().rstrip(":")
    if name in ("ec", "e"):
        return "encodedcommand", True
    if name in ("ep",):
        return "executionpolicy", True
    if name in ("wd", "config"):
        return "workingdirectory", True
    for full, shortest, takes in _SHELL_PARAMETERS:
        if full.startswith(name) and (name.startswith(shortest) or shortest.startswith(name)):
            return full, takes
    return "", False


_Program = Callable[[Reader, Strings, str, str], None]
_STARTERS: Dict[str, _Program] = {
    "powershell": Reader.powershell,
    "pwsh": Reader.powershell,
    "powershell_ise": Reader.powershell,
    "syncappvpublishingserver": Reader.appended,
    "syncappvpublishingserver.vbs": Reader.appended,
    "cmd": Reader.cmd,
    "%comspec%": Reader.cmd,
    "start": Reader.start,
    "rundll32": Reader.rundll32,
    "mshta": Reader.mshta,
    "wscript": Reader.script_host,
    "cscript": Reader.script_host,
    "forfiles": Reader.forfiles,
    "pcalua": Reader.pcalua,
}

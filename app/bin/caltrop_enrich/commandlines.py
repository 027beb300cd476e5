"""A command line -> what it starts: PowerShell, cmd, wmic and the programs that reach other hosts.

The line is taken apart as cmd.exe and the C runtime do; nothing is executed, `%names%` are those of `constants.ENVIRONMENT` and of
`set` in the line itself.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, List, Optional, Tuple

from .constants import ENVIRONMENT
from .encoded import decode
from .limits import MAX_SCRIPTS, MAX_TEXT, MAX_VALUE, MAX_VALUES
from .records import Call, Reading, said, way
from .source_text import SEPARATOR
from .values import Budget, Strings

_DASHES = "-/\u2013\u2014\u2015"
_ARGUMENT = re.compile(r'[ \t\r\n]*((?:"(?:[^"\\]|\\.|"")*(?:"|\Z)|\\.|[^\s"\\]|\\)+)', re.DOTALL)
_PERCENT = re.compile(r"%([^%\r\n:=]{1,64})(?::~(-?\d{1,4})(?:,(-?\d{1,4}))?|:([^=%\r\n]{1,64})=([^%\r\n]{0,64}))?%")
_BANG = re.compile(r"!([^!\r\n:=]{1,64})(?::~(-?\d{1,4})(?:,(-?\d{1,4}))?)?!")
_SET = re.compile(r'^set[ \t]+"?([^="]{1,64})=(.*?)"?$', re.IGNORECASE | re.DOTALL)
_UNC_HOST = re.compile(r"^\\\\([^\\/\s]+)")
_URL = re.compile(r"https?://[^\s\"'<>|)]+", re.IGNORECASE)
_SHELL = re.compile(
    r"(?:[A-Za-z]:\\[^\"<>|]{0,128}\\)?\b(?:powershell|pwsh|cmd|wmic)(?:\.exe)?(?=[\s\"'])", re.IGNORECASE
)
_RUN = re.compile(r"\.(?:run|exec|shellexecute|execute)\s*\(?\s*(\"(?:[^\"]|\"\")*\"|'[^']*')", re.IGNORECASE)
_WMIC_ALIASES = {
    "process": "Win32_Process", "service": "Win32_Service", "os": "Win32_OperatingSystem", "product": "Win32_Product",
    "share": "Win32_Share", "computersystem": "Win32_ComputerSystem", "useraccount": "Win32_UserAccount", "startup": "Win32_StartupCommand",
    "job": "Win32_ScheduledJob", "environment": "Win32_Environment", "nicconfig": "Win32_NetworkAdapterConfiguration",
    "logicaldisk": "Win32_LogicalDisk", "shadowcopy": "Win32_ShadowCopy", "qfe": "Win32_QuickFixEngineering", "group": "Win32_Group",
    "datafile": "CIM_DataFile",
}  # fmt: skip
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
        found = _ARGUMENT.match(text[:MAX_TEXT])
        if not found or self.depth >= 8:
            return
        self.depth += 1
        name = _unquoted(found.group(1))
        rest = text[found.end() :]
        if " " in name and not name.lower().endswith((".exe", ".com", ".bat", ".cmd")) and not _program(name):
            first = _ARGUMENT.match(name)
            if first and _program(_unquoted(first.group(1))):  # the whole line in quotes
                name, rest = _unquoted(first.group(1)), name[first.end() :] + rest
        if not self.program(name, None, rest, piped):
            inner = _SHELL.search(rest)  # started by a program that is not known
            if inner:
                self.line(rest[inner.start() :].strip("'"), piped)
        self.depth -= 1

    def program(self, name: str, arguments: Optional[Strings], rest: str, piped: str = "") -> bool:
        """Read a program's arguments: as a list where PowerShell hands them over, else as the rest of a line."""
        reader = _PROGRAMS.get(program_name(name))
        if reader is None:
            return False
        given = split(rest) if arguments is None else arguments
        self.budget.spend(1 + len(given))
        reader(self, given, rest if arguments is not None or rest else "", piped)
        return True

    # -- shells

    def powershell(self, arguments: Strings, rest: str, piped: str) -> None:
        """powershell.exe: -Command and -EncodedCommand; what is neither parameter nor value begins the command."""
        place = 0
        while place < len(arguments):
            typed = arguments[place]
            if typed[:1] and typed[0] in _DASHES and len(typed) > 1 and " " not in typed:
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
            command = command.strip().lstrip("@(").strip()
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

    def forfiles(self, arguments: Strings, rest: str, piped: str) -> None:
        """`forfiles /c "command"`."""
        found = re.search(r"/c[ \t]+(\"(?:[^\"\\]|\\.)*\"|.*)", rest, re.IGNORECASE | re.DOTALL)
        if found:
            self.line(_unquoted(found.group(1)).replace("0x22", '"'), piped)

    def wmic(self, arguments: Strings, rest: str, piped: str) -> None:
        """`wmic /node:HOST process call create "…"`."""
        hosts: Strings = []
        credentials: Strings = []
        words: Strings = []
        namespace: Strings = []
        for place, argument in enumerate(arguments):
            lower = argument.lower()
            if lower.startswith("/node:"):
                hosts += _hosts(argument[6:])
            elif lower == "/node" and place + 1 < len(arguments):
                hosts += _hosts(arguments[place + 1].lstrip(":"))
            elif lower.startswith("/user:"):
                credentials.append(argument[6:])
            elif lower.startswith("/namespace:"):
                namespace.append(argument[11:].lstrip("\\"))
            elif not lower.startswith("/") or words:
                words.append(argument)
        # Several hosts may be separated by blanks after a comma.
        while hosts and words and (hosts[-1].endswith(",") or words[0].startswith(",")):
            hosts += _hosts(words.pop(0))
        lowered = [word.lower() for word in words]
        call = Call("wmic")
        call.credentials = credentials
        call.parameters = {
            "ComputerName": [host.strip(",") for host in hosts if host.strip(",")],
            "Namespace": list(namespace),
        }
        if lowered[:1] in (["path"], ["class"]) and len(words) > 1:
            call.parameters["Class"] = [words[1].split(".")[0]]
        elif lowered:
            call.parameters["Class"] = [_WMIC_ALIASES.get(lowered[0], words[0])]
        if "call" in lowered:
            verb = lowered.index("call") + 1
            method = words[verb] if verb < len(words) else ""
            given = words[verb + 1 :]
            if given:
                call.method = [method, _create_argument(given)]
            elif method:
                call.method = [method]
        self._note(call)

    def sc(self, arguments: Strings, rest: str, piped: str) -> None:
        """`sc \\\\HOST create NAME binPath= "…"`."""
        hosts = [found.group(1) for found in map(_UNC_HOST.match, arguments[:1]) if found]
        words = arguments[1:] if hosts else arguments
        if len(words) < 2 or words[0].lower() not in ("create", "start", "config", "delete", "stop", "failure"):
            if hosts:
                self._note(way("service", hosts))
            return
        command: Strings = []
        for place, word in enumerate(words):
            lower = word.lower()
            if lower in ("binpath=", "command=") and place + 1 < len(words):
                command = [words[place + 1]]
            elif lower.startswith(("binpath=", "command=")) and len(word) > 8:
                command = [word[8:]]
        self._note(way("service", hosts, command, service_name=[words[1]]))

    def schtasks(self, arguments: Strings, rest: str, piped: str) -> None:
        """`schtasks /create /s HOST /tn NAME /tr "…"`."""
        options = _options(arguments)
        hosts = _hosts(options.get("s", ""))
        call = way(
            "scheduled_task",
            hosts,
            [options.get("tr", "")],
            [options["u"]] if options.get("u") else [],
            remote_task=[options.get("tn", "")],
        )
        if hosts or call.commands:
            self._note(call)

    def at(self, arguments: Strings, rest: str, piped: str) -> None:
        """`at \\\\HOST 10:00 command`."""
        hosts = [found.group(1) for found in map(_UNC_HOST.match, arguments[:1]) if found]
        if hosts:
            words = [word for word in arguments[2:] if not word.lower().startswith(("/interactive", "/every", "/next"))]
            self._note(way("scheduled_task", hosts, [" ".join(words)] if words else []))

    def psexec(self, arguments: Strings, rest: str, piped: str) -> None:
        """`psexec \\\\HOST1,HOST2 -u user -p password command`."""
        hosts: Strings = []
        credentials: Strings = []
        place = 0
        while place < len(arguments):
            word = arguments[place]
            lower = word.lower()
            if word.startswith("\\\\") and not hosts:
                hosts = [host.lstrip("\\") for host in word.split(",") if host.lstrip("\\")]
            elif word[:1] and word[0] in _DASHES:
                if lower[1:] in ("u", "p", "n", "r", "w", "a", "g"):
                    place += 1
                    if lower[1:] == "u" and place < len(arguments):
                        credentials = [arguments[place]]
            else:
                break
            place += 1
        command = " ".join(_requoted(word) for word in arguments[place:])
        self._note(way("psexec", hosts, [command] if command else [], credentials))
        if not hosts and command:
            self.line(command)

    def winrs(self, arguments: Strings, rest: str, piped: str) -> None:
        """`winrs -r:HOST command`."""
        hosts: Strings = []
        credentials: Strings = []
        place = 0
        while place < len(arguments) and arguments[place][:1] and arguments[place][0] in _DASHES:
            name, _, value = arguments[place][1:].partition(":")
            if name.lower() in ("r", "remote"):
                hosts = [re.sub(r"^https?://|[:/].*$", "", value)]
            elif name.lower() in ("u", "username"):
                credentials = [value]
            place += 1
        self._note(way("winrm", hosts, [" ".join(_requoted(word) for word in arguments[place:])], credentials))

    def net(self, arguments: Strings, rest: str, piped: str) -> None:
        """`net use \\\\HOST\\share /user:…`."""
        if not arguments or arguments[0].lower() != "use":
            return
        shares = [word for word in arguments[1:] if word.startswith("\\\\")]
        users = [word[6:] for word in arguments if word.lower().startswith("/user:")]
        self._note(_on_share(shares, users))

    def copy(self, arguments: Strings, rest: str, piped: str) -> None:
        """A copy to or from a share of another host."""
        shares = [word for word in arguments if word.startswith("\\\\")]
        if shares:
            self._note(_on_share(shares, []))

    def download(self, arguments: Strings, rest: str, piped: str) -> None:
        """certutil, bitsadmin, curl: what is fetched."""
        urls = [found.group() for argument in arguments for found in _URL.finditer(argument)]
        if urls:
            self._note(way("", [], download_url=urls[:MAX_VALUES]))

    def _note(self, call: Call) -> None:
        if len(self.calls) < MAX_VALUES:
            self.calls.append(call)


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
    return program_name(name) in _PROGRAMS


def split(line: str) -> Strings:
    """A line's arguments, by the C runtime's rules: quotes join, a backslash before a quote makes it one."""
    found: Strings = []
    for match in _ARGUMENT.finditer(line):
        found.append(_unquoted(match.group(1)))
        if len(found) >= 4096:
            break
    return found


def _unquoted(argument: str) -> str:
    if '"' not in argument:
        return argument
    out: List[str] = []
    pos = 0
    while pos < len(argument):
        stop = argument.find('"', pos)
        if stop < 0:
            out.append(argument[pos:])
            break
        piece = argument[pos:stop]
        slashes = len(piece) - len(piece.rstrip("\\"))
        if slashes % 2:
            out.append(piece[: len(piece) - slashes] + "\\" * (slashes // 2) + '"')
        else:
            out.append(piece[: len(piece) - slashes] + "\\" * (slashes // 2))
            if argument[stop + 1 : stop + 2] == '"' and out and "".join(out[:1]):
                out.append('"')
                stop += 1
        pos = stop + 1
    return "".join(out)


def _requoted(word: str) -> str:
    return f'"{word}"' if " " in word and '"' not in word else word


def _program(name: str) -> bool:
    return program_name(name) in _PROGRAMS


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


def _hosts(text: str) -> Strings:
    return [host for host in (part.strip("\"' ").lstrip("\\") for part in text.split(",")) if host][:MAX_VALUES]


def _create_argument(words: Strings) -> str:
    """The command line handed to `call create`: its first argument, or all words where it is not quoted."""
    line = words[0].rstrip(",") if " " in words[0] or len(words) == 1 else " ".join(words)
    line = line.strip("'\"") if line[:1] in "'\"" and line[-1:] == line[:1] else line
    named = re.match(r"commandline\s*=\s*[\"']?(.*?)[\"']?\Z", line, re.IGNORECASE | re.DOTALL)
    return named.group(1) if named else line


def _options(arguments: Strings) -> Dict[str, str]:
    """`/name value` pairs, names in lower case."""
    found: Dict[str, str] = {}
    for place, word in enumerate(arguments):
        if word[:1] in ("/", "-") and len(word) > 1:
            following = arguments[place + 1] if place + 1 < len(arguments) else ""
            found.setdefault(word[1:].lower(), "" if following[:1] == "/" else following)
    return found


def _on_share(shares: Strings, users: Strings) -> Call:
    hosts = [found.group(1) for found in map(_UNC_HOST.match, shares) if found]
    local = (".", "localhost", "127.0.0.1")
    return way(
        "smb", [host for host in hosts if host.lower() not in local], [], users, remote_share=shares if hosts else []
    )


_Program = Callable[[Reader, Strings, str, str], None]
_PROGRAMS: Dict[str, _Program] = {
    "powershell": Reader.powershell,
    "pwsh": Reader.powershell,
    "powershell_ise": Reader.powershell,
    "cmd": Reader.cmd,
    "%comspec%": Reader.cmd,
    "start": Reader.start,
    "rundll32": Reader.rundll32,
    "mshta": Reader.mshta,
    "wscript": Reader.mshta,
    "cscript": Reader.mshta,
    "forfiles": Reader.forfiles,
    "wmic": Reader.wmic,
    "sc": Reader.sc,
    "schtasks": Reader.schtasks,
    "at": Reader.at,
    **dict.fromkeys(("psexec", "psexec64", "paexec", "remcom", "psexesvc"), Reader.psexec),
    "winrs": Reader.winrs,
    "net": Reader.net,
    "net1": Reader.net,
    **dict.fromkeys(("copy", "xcopy", "robocopy", "move"), Reader.copy),
    **dict.fromkeys(("certutil", "bitsadmin", "curl", "wget"), Reader.download),
}

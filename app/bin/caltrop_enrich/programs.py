"""Programs that reach other hosts: their arguments -> the call that is noted, None for a use that says nothing.

`text` is the line as it was written after the program's name.
"""

from __future__ import annotations

import re
from typing import Callable, Dict, Optional

from .arguments import DASHES, requoted
from .limits import MAX_VALUES
from .records import Call, way
from .values import Strings

_UNC_HOST = re.compile(r"^\\\\([^\\/\s]+)")
_URL = re.compile(r"https?://[^\s\"'<>|)]+", re.IGNORECASE)
_SCHEME_AND_REST = re.compile(r"^https?://|[:/].*$", re.IGNORECASE | re.DOTALL)
_LOCAL = frozenset((".", "localhost", "127.0.0.1"))
_WMIC_ALIASES = {
    "process": "Win32_Process", "service": "Win32_Service", "os": "Win32_OperatingSystem", "product": "Win32_Product",
    "share": "Win32_Share", "computersystem": "Win32_ComputerSystem", "useraccount": "Win32_UserAccount", "startup": "Win32_StartupCommand",
    "job": "Win32_ScheduledJob", "environment": "Win32_Environment", "nicconfig": "Win32_NetworkAdapterConfiguration",
    "logicaldisk": "Win32_LogicalDisk", "shadowcopy": "Win32_ShadowCopy", "qfe": "Win32_QuickFixEngineering", "group": "Win32_Group",
    "datafile": "CIM_DataFile",
}  # fmt: skip
_QUOTED_OF_SEVERAL = re.compile(r"\bcall\s+\"?\w+\"?\s+\"([^\"]+)\"\s*,", re.IGNORECASE)
_COMMAND_LINE = re.compile(r"commandline\s*=\s*\"?((?:[^\";}]|\"\")*)", re.IGNORECASE)
_REMOTE_OPTION = re.compile(r"[-/]r(?:emote)?:\"?([^\s\"]+)", re.IGNORECASE)
_USER_OPTION = re.compile(r"[-/]u(?:sername)?:\"?([^\s\"]+)", re.IGNORECASE)
_SERVICE_VERBS = frozenset(("create", "start", "config", "delete", "stop", "failure"))


def host_of(uri: str) -> str:
    """The host of `http://host:5985/wsman`, or of a name with a port."""
    return _SCHEME_AND_REST.sub("", uri) if uri.count(":") < 3 else uri


def on_share(shares: Strings, users: Strings) -> Call:
    """A use of shares of other hosts."""
    hosts = [found.group(1) for found in map(_UNC_HOST.match, shares) if found]
    return way("smb", [host for host in hosts if host.lower() not in _LOCAL], [], users, remote_share=shares if hosts else [])  # fmt: skip


def _hosts(text: str) -> Strings:
    return [host for host in (part.strip("\"' ").lstrip("\\") for part in text.split(",")) if host][:MAX_VALUES]


def _first_host(arguments: Strings) -> Strings:
    """The host of `\\\\HOST` or `\\\\HOST\\…`, where that is the first argument."""
    return [found.group(1) for found in map(_UNC_HOST.match, arguments[:1]) if found]


def _named(arguments: Strings, *names: str) -> Strings:
    """The values of `/name value`, `/name:value` and the same with a dash, for any of the names."""
    found: Strings = []
    for place, word in enumerate(arguments):
        if word[:1] and word[0] in DASHES:
            name, colon, value = word[1:].partition(":")
            if name.lower() in names:
                following = arguments[place + 1] if place + 1 < len(arguments) else ""
                found.append(value if colon else following)
    return [value for value in found if value]


def _wmic(arguments: Strings, text: str) -> Optional[Call]:
    """`wmic /node:HOST process call create "…"`."""
    hosts: Strings = []
    credentials: Strings = []
    words: Strings = []
    namespace: Strings = []
    for place, argument in enumerate(arguments):
        option = argument[1:].lower() if argument[:1] and argument[0] in DASHES else ""
        if option.startswith("node:"):
            hosts += _hosts(argument[6:])
        elif option == "node" and place + 1 < len(arguments):
            hosts += _hosts(arguments[place + 1].lstrip(":"))
        elif option.startswith("user:"):
            credentials.append(argument[6:])
        elif option.startswith("namespace:"):
            namespace.append(argument[11:].lstrip("\\"))
        elif not option or words:
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
        several = _QUOTED_OF_SEVERAL.search(text)  # wmic knows no `\"`
        if given:
            call.method = [method, several.group(1) if several else _create_argument(given)]
        elif method:
            call.method = [method]
    return call


def _create_argument(words: Strings) -> str:
    """The command line handed to `call create`: its first argument, or all words where it is not quoted."""
    line = words[0].rstrip(",") if " " in words[0] or len(words) == 1 else " ".join(words)
    line = line.strip("'\"") if line[:1] in "'\"" and line[-1:] == line[:1] else line
    named = re.match(r"commandline\s*=\s*[\"']?(.*?)[\"']?\Z", line, re.IGNORECASE | re.DOTALL)
    return named.group(1) if named else line


def _sc(arguments: Strings, text: str) -> Optional[Call]:
    """`sc \\\\HOST create NAME binPath= "…"`."""
    hosts = _first_host(arguments)
    words = arguments[1:] if hosts else arguments
    if len(words) < 2 or words[0].lower() not in _SERVICE_VERBS:
        return way("service", hosts) if hosts else None
    command: Strings = []
    for place, word in enumerate(words):
        lower = word.lower()
        if lower in ("binpath=", "command=") and place + 1 < len(words):
            command = [words[place + 1]]
        elif lower.startswith(("binpath=", "command=")) and len(word) > 8:
            command = [word[8:]]
    return way("service", hosts, command, service_name=[words[1]])


def _schtasks(arguments: Strings, text: str) -> Optional[Call]:
    """`schtasks /create /s HOST /tn NAME /tr "…"`."""
    options: Dict[str, str] = {}
    for place, word in enumerate(arguments):
        if word[:1] in ("/", "-") and len(word) > 1:
            following = arguments[place + 1] if place + 1 < len(arguments) else ""
            options.setdefault(word[1:].lower(), "" if following[:1] == "/" else following)
    hosts = _hosts(options.get("s", ""))
    users = [options["u"]] if options.get("u") else []
    call = way("scheduled_task", hosts, [options.get("tr", "")], users, remote_task=[options.get("tn", "")])
    return call if hosts or call.commands else None


def _at(arguments: Strings, text: str) -> Optional[Call]:
    """`at \\\\HOST 10:00 command`."""
    hosts = _first_host(arguments)
    words = [word for word in arguments[2:] if not word.lower().startswith(("/interactive", "/every", "/next"))]
    return way("scheduled_task", hosts, [" ".join(words)] if words else []) if hosts else None


def _psexec(arguments: Strings, text: str) -> Optional[Call]:
    """`psexec \\\\HOST1,HOST2 -u user -p password command`, `psexec @file command`."""
    hosts: Strings = []
    credentials: Strings = []
    place = 0
    while place < len(arguments):
        word = arguments[place]
        lower = word.lower()
        if word.startswith("\\\\") and not hosts:
            hosts = [host.lstrip("\\") for host in word.split(",") if host.lstrip("\\")]
        elif word.startswith("@") and len(word) > 1 and not hosts:
            hosts = [word]
        elif word[:1] and word[0] in DASHES:
            if lower[1:] in ("u", "p", "n", "r", "w", "a", "g"):
                place += 1
                if lower[1:] == "u" and place < len(arguments):
                    credentials = [arguments[place]]
        else:
            break
        place += 1
    command = " ".join(requoted(word) for word in arguments[place:])
    return way("psexec", hosts, [command] if command else [], credentials)


def _winrs(arguments: Strings, text: str) -> Optional[Call]:
    """`winrs -r:HOST command`."""
    hosts: Strings = []
    credentials: Strings = []
    place = 0
    while place < len(arguments) and arguments[place][:1] and arguments[place][0] in DASHES:
        name, _, value = arguments[place][1:].partition(":")
        if name.lower() in ("r", "remote"):
            hosts = [host_of(value)]
        elif name.lower() in ("u", "username"):
            credentials = [value]
        place += 1
    words = arguments[place:]
    return way("winrm", hosts, words if len(words) == 1 else [" ".join(map(requoted, words))], credentials)


def _winrm(arguments: Strings, text: str) -> Optional[Call]:
    """`winrm invoke Create wmicimv2/Win32_Process @{CommandLine="…"} -r:HOST`."""
    hosts = [host_of(value) for value in _REMOTE_OPTION.findall(text)]  # its script host knows no `\\"`
    if not hosts:
        return None
    words = [word for word in arguments if word[:1] not in DASHES]
    line = _COMMAND_LINE.search(text.replace('\\"', '"'))
    users = _USER_OPTION.findall(text)
    call = way("winrm", hosts, [line.group(1).strip("'")] if line else [], users)
    if words[:1] and words[0].lower() == "invoke" and len(words) > 2:
        call.parameters = {"ClassName": [words[2].split("?")[0].rsplit("/", 1)[-1]], "MethodName": [words[1]]}
    return call


def _net(arguments: Strings, text: str) -> Optional[Call]:
    """`net use \\\\HOST\\share /user:…`, `net view \\\\HOST`."""
    verb = arguments[0].lower() if arguments else ""
    if verb == "view":
        return _elsewhere(arguments[1:], text)
    if verb != "use":
        return None
    users = [word[6:] for word in arguments if word.lower().startswith("/user:")]
    return on_share([word for word in arguments[1:] if word.startswith("\\\\")], users)


def _copy(arguments: Strings, text: str) -> Optional[Call]:
    """A copy to or from a share of another host."""
    shares = [word for word in arguments if word.startswith("\\\\")]
    return on_share(shares, []) if shares else None


def _reg(arguments: Strings, text: str) -> Optional[Call]:
    """`reg add \\\\HOST\\HKLM\\…`."""
    hosts = _first_host(arguments[1:])
    return way("registry", hosts) if hosts else None


def _elsewhere(arguments: Strings, text: str) -> Optional[Call]:
    """What looks at another host, or stops something there: `/s HOST`, `/m \\\\HOST`, `/r:HOST`, `/server:HOST`, `\\\\HOST`."""
    named = _named(arguments, "s", "m", "r", "server", "node", "remote", "computer")
    hosts = [host for host in (value.lstrip("\\") for value in named or _first_host(arguments)) if host]
    users = _named(arguments, "u")
    return way("", hosts, [], users) if hosts and hosts[0][0] not in DASHES else None


def _shutdown(arguments: Strings, text: str) -> Optional[Call]:
    """`shutdown /r /m \\\\HOST`: /s and /r are what it does."""
    hosts = [value.lstrip("\\") for value in _named(arguments, "m")]
    return way("", hosts) if hosts else None


def _mofcomp(arguments: Strings, text: str) -> Optional[Call]:
    """`mofcomp -N:\\\\HOST\\root\\subscription file`."""
    spaces = _named(arguments, "n")
    hosts = _first_host(spaces)
    if not hosts:
        return None
    call = way("", hosts, [], _named(arguments, "u"))
    call.parameters = {"Namespace": [spaces[0][2:].partition("\\")[2]]}
    return call


def _download(arguments: Strings, text: str) -> Optional[Call]:
    """certutil, bitsadmin, curl: what is fetched."""
    urls = [found.group() for argument in arguments for found in _URL.finditer(argument)]
    return way("", [], download_url=urls[:MAX_VALUES]) if urls else None


REMOTE: Dict[str, Callable[[Strings, str], Optional[Call]]] = {
    "wmic": _wmic,
    "sc": _sc,
    "schtasks": _schtasks,
    "at": _at,
    **dict.fromkeys(("psexec", "psexec64", "paexec", "remcom", "psexesvc"), _psexec),
    "winrs": _winrs,
    **dict.fromkeys(("winrm", "winrm.cmd", "winrm.vbs"), _winrm),
    **dict.fromkeys(("net", "net1"), _net),
    **dict.fromkeys(("copy", "xcopy", "robocopy", "move"), _copy),
    "reg": _reg,
    **dict.fromkeys(("tasklist", "taskkill", "systeminfo", "wevtutil", "psservice", "pskill", "pslist", "psinfo", "psloggedon", "psloglist"), _elsewhere),
    "shutdown": _shutdown,
    "mofcomp": _mofcomp,
    **dict.fromkeys(("certutil", "bitsadmin", "curl", "wget"), _download),
}  # fmt: skip

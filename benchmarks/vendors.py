"""Add-ons as vendors write them, made up: what searches cost with many of them installed.

One of them is for Windows events as XML, the others for source types of their own, and all have event types that name theirs.
"""

from __future__ import annotations

from pathlib import Path

COUNT = 24
SOURCETYPES = 8  # an add-on
EVENTTYPES = 38  # an add-on
ACTIONS = ("allowed", "blocked", "created", "deleted", "modified", "read", "success", "failure")


def write(folder: Path) -> list[Path]:
    """`COUNT` apps in the folder, and their paths."""
    return [_write(folder / f"TA_made_{number:02}", number) for number in range(COUNT)]


def _write(app: Path, number: int) -> Path:
    files = {
        "metadata/default.meta": "[]\nexport = system\n",
        "default/app.conf": "[install]\nstate = enabled\n",
        "default/props.conf": _windows_props() if number == 0 else _props(number),
        "default/transforms.conf": _windows_transforms() if number == 0 else _transforms(number),
        "default/eventtypes.conf": _eventtypes(number),
        "default/tags.conf": "".join(
            f"[eventtype=made_{number}_{i}]\n{('network', 'web', 'change', 'process')[i % 4]} = enabled\n"
            for i in range(EVENTTYPES)
        ),
        "lookups/made_actions.csv": "code,action\n" + "".join(f"{i},{a}\n" for i, a in enumerate(ACTIONS)),
    }
    for name, text in files.items():
        path = app / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return app


def _props(number: int) -> str:
    text = ""
    for kind in range(SOURCETYPES):
        name = f"made:{number}:{kind}"
        text += f"[{name}]\nKV_MODE = auto\nREPORT-made = made_{number}_header, made_{number}_rest\n"
        text += "".join(f"FIELDALIAS-made{i} = field{i} AS alias{i}\n" for i in range(10))
        text += "".join(
            f'EVAL-calculated{i} = case(field{i}="{i}", "one", like(field{i}, "a%"), "two", true(), field{i})\n'
            for i in range(20)
        )
        text += f"LOOKUP-made = made_{number}_actions code OUTPUTNEW action\n"
        text += f"[source::...made_{number}_{kind}*.log]\nsourcetype = {name}\n[(?::){{0}}{name}:*]\nTRUNCATE = 0\n"
    return text


def _transforms(number: int) -> str:
    return (
        f"[made_{number}_header]\nREGEX = ^(?<stamp>\\S+ \\S+) (?<dvc>\\S+) (?<process>\\w+)(?:\\[(?<pid>\\d+)\\])?:\n"
        f'[made_{number}_rest]\nREGEX = (\\w+)="?([^"]+)"?\nFORMAT = $1::$2\n'
        f"[made_{number}_actions]\nfilename = made_actions.csv\ncase_sensitive_match = false\n"
    )


def _eventtypes(number: int) -> str:
    text = ""
    for i in range(EVENTTYPES):
        own = f"sourcetype=made:{number}:{i % SOURCETYPES}"
        text += (
            f"[made_{number}_{i}]\nsearch = "
            + (
                f"({own} OR sourcetype=made:{number}:x*) (action=allowed OR action=blocked) code={i}\n",
                f'{own} "message {i}" NOT (status=5* OR status IN (400, 404, {i}))\n',
                f"source=*XmlWinEventLog* (EventCode={i} OR EventCode={i + 1} OR EventID IN ({i}, {i + 2}))\n",
                f"{own} OR (source=WinEventLog:Made{number} EventCode={4600 + i})\n",
            )[i % 4]
        )
    return text


def _windows_props() -> str:
    text = "[XmlWinEventLog]\nKV_MODE = none\nREPORT-made = made_system, made_data, made_attributes, made_event\n"
    text += "".join(f"FIELDALIAS-made{i} = Image AS made_image{i}\n" for i in range(40))
    text += "".join(
        f'EVAL-made_field{i} = case(EventCode={i}, Image, EventCode={i + 1}, CommandLine, isnotnull(User), replace(User, ".*\\\\\\\\", ""))\n'
        for i in range(60)
    )
    text += "".join(
        f"LOOKUP-made{i} = made_0_actions code AS Level OUTPUTNEW action AS made_action{i}\n" for i in range(8)
    )
    return text


def _windows_transforms() -> str:
    return r"""[made_system]
REGEX = (?s)<System>(?<made_system_xml>.*)</System>
[made_data]
REGEX = <Data Name='(\w+)'>([^<]*)</Data>
FORMAT = $1::$2
MV_ADD = true
[made_attributes]
SOURCE_KEY = made_system_xml
REGEX = (\w+)='([^']*)'
FORMAT = $1::$2
[made_event]
SOURCE_KEY = made_system_xml
REGEX = <(?<_KEY_1>EventID|Level|Task|Opcode|Channel|Computer|EventRecordID)[^>]*>(?<_VAL_1>[^<]*)<
[made_0_actions]
filename = made_actions.csv
"""

"""The commonest script by far, one cmdlet with named, plain arguments, read by a few expressions.

A shortcut: it must say what `script.read_script` says, or nothing. Most hits look like this, and they are as many as
the attacker likes, so they should not cost a tokenizer each.
"""

from __future__ import annotations

import re
from typing import Optional

from .cmdlets import BY_NAME
from .script import Call
from .tokens import DQ, SQ

_ITEM = rf"""(?:(?!-)[\w.\\:/-]+|'[^{SQ}]*'|"[^`${DQ}]*"|\$\w+)"""
_VALUE = rf"{_ITEM}(?:,{_ITEM})*"
_COMMAND = re.compile(
    rf"\s*(?:\$\w+[ \t]*=[ \t]*)?([A-Za-z]+-?[A-Za-z]+)((?:[ \t]+-[A-Za-z]+(?:[ \t]+|:[ \t]*){_VALUE})+)\s*"
)
_ARGUMENT = re.compile(rf"-([A-Za-z]+)(?:[ \t]+|:[ \t]*)({_VALUE})")
_ITEMS = re.compile(_ITEM)


def read_plain(script: str) -> Optional[Call]:
    """The call that a script is; None where it is more, less or anything out of the ordinary."""
    found = _COMMAND.fullmatch(script)
    cmdlet = BY_NAME.get(found.group(1).lower()) if found else None
    if found is None or cmdlet is None:
        return None
    call = Call(cmdlet.name)
    for typed, value in _ARGUMENT.findall(found.group(2)):
        name = cmdlet.parameters.get(typed.lower())
        if name is None or name in cmdlet.switches:
            return None
        items = _ITEMS.findall(value) if "," in value else [value]
        call.parameters[name] = [item[1:-1] if item[0] in "'\"" else item for item in items]
    return call

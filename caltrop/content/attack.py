"""MITRE ATT&CK Enterprise techniques (names and tactics) and the kill chain phase of a tactic; no network.

`attack.csv` holds one technique a line: id, name, tactics separated by '|'. Retired ids stay, so that old content
keeps its names.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple


class Technique(NamedTuple):
    id: str
    name: str
    tactics: tuple[str, ...]

    @property
    def kill_chain_phases(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(KILL_CHAIN[t] for t in self.tactics if t in KILL_CHAIN))


# Lockheed Martin kill chain phase of each tactic, in the order of the matrix.
KILL_CHAIN = {
    "Reconnaissance": "Reconnaissance",
    "Resource Development": "Weaponization",
    "Initial Access": "Delivery",
    "Execution": "Installation",
    "Persistence": "Installation",
    "Privilege Escalation": "Exploitation",
    "Defense Evasion": "Exploitation",
    "Defense Impairment": "Exploitation",
    "Stealth": "Exploitation",
    "Credential Access": "Exploitation",
    "Discovery": "Exploitation",
    "Lateral Movement": "Exploitation",
    "Collection": "Exploitation",
    "Command And Control": "Command and Control",
    "Exfiltration": "Actions on Objectives",
    "Impact": "Actions on Objectives",
}


@cache
def techniques() -> dict[str, Technique]:
    text = Path(__file__).with_name("attack.csv").read_text(encoding="utf-8")
    rows = csv.DictReader(text.splitlines())
    return {r["technique"]: Technique(r["technique"], r["name"], tuple(r["tactics"].split("|"))) for r in rows}


def kill_chain(ids: tuple[str, ...]) -> tuple[str, ...]:
    """Phases of the techniques, in kill chain order."""
    found = {p for i in ids if (t := techniques().get(i)) for p in t.kill_chain_phases}
    return tuple(p for p in dict.fromkeys(KILL_CHAIN.values()) if p in found)

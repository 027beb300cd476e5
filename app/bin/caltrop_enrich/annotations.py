"""What the content says of a detection: ATT&CK, kill chain, story and risk, from the lookup that the build writes.

`lookups/caltrop_detections.csv`, one row a detection; several values in one cell are joined by `|`.
"""

from __future__ import annotations

import csv
import re
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional, Tuple

from .limits import MAX_VALUE

COLUMNS = ("mitre_technique_id", "mitre_technique", "mitre_tactic", "kill_chain_phase", "analytic_story")
_TOKEN = re.compile(r"\$([^$\s][^$\r\n]{0,255}?)\$")


class Annotations(NamedTuple):
    """One detection. `message` alternates text and field names: text, field, text, field, … text."""

    fields: Tuple[Tuple[str, List[str]], ...]
    message: List[str]
    script_field: str

    def resolve(self, value: Callable[[str], Optional[object]]) -> str:
        """The risk message with every `$field$` filled in; values of a multivalue field are joined by a comma.

        A field that the hit lacks stays as `$field$`: a gap that shows beats one that does not.
        """
        parts = list(self.message)
        for index in range(1, len(parts), 2):
            found = value(parts[index])
            text = ", ".join(str(item) for item in found) if isinstance(found, (list, tuple)) else found
            parts[index] = str(text)[:MAX_VALUE] if text not in (None, "") else "$" + parts[index] + "$"
        return "".join(parts)[:MAX_VALUE]


def load(path: Path) -> Dict[str, Annotations]:
    """Detections by name and by id. Raises OSError when the file cannot be read, ValueError when it is no such table."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        try:
            reader = csv.DictReader(file)
            if "detection" not in (reader.fieldnames or ()):
                raise ValueError("the lookup has no column 'detection'")
            rows = list(reader)
        except csv.Error as error:
            raise ValueError(f"the lookup is no CSV: {error}") from None
    found: Dict[str, Annotations] = {}
    for row in rows:
        entry = _annotations(row)
        for key in (row.get("detection_id"), row.get("detection")):
            if key:
                found[key] = entry
    return found


def _annotations(row: Dict[str, str]) -> Annotations:
    fields = [(column, [part for part in (row.get(column) or "").split("|") if part]) for column in COLUMNS]
    score = (row.get("risk_score") or "").strip()
    fields.append(("risk_score", [score] if score else []))
    return Annotations(
        tuple(fields), _TOKEN.split(row.get("risk_message") or ""), (row.get("script_field") or "").strip()
    )

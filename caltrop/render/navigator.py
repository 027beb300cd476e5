"""An ATT&CK Navigator layer of the content: a technique's score is the number of its detections."""

from __future__ import annotations

from typing import Any

from caltrop.content.model import Catalogue

_LAYER, _NAVIGATOR = "4.5", "5.1.0"


def layer(
    catalogue: Catalogue, *, statuses: frozenset[str] = frozenset({"production", "experimental"})
) -> dict[str, Any]:
    """Layer format 4.5, ATT&CK Enterprise. Comments name the detections."""
    found: dict[str, list[str]] = {}
    for item in catalogue.detections:
        if item.status in statuses:
            for technique in dict.fromkeys(item.mitre_attack_id):
                found.setdefault(technique, []).append(item.name)
    highest = max((len(names) for names in found.values()), default=1)
    return {
        "name": catalogue.config.label,
        "versions": {"layer": _LAYER, "navigator": _NAVIGATOR},
        "domain": "enterprise-attack",
        "description": f"Techniques that {catalogue.config.label} {catalogue.config.version} detects",
        "sorting": 3,
        "techniques": [
            {
                "techniqueID": technique,
                "score": len(names),
                "comment": "\n".join(sorted(names)),
                "enabled": True,
                "showSubtechniques": "." in technique or any(t.startswith(f"{technique}.") for t in found),
            }
            for technique, names in sorted(found.items())
        ],
        "gradient": {"colors": ["#fff3cd", "#f0be3c", "#b3541e"], "minValue": 0, "maxValue": highest},
        "legendItems": [],
        "hideDisabled": False,
    }

"""JSON Schemas of the content, for editors."""

from __future__ import annotations

import json
from pathlib import Path

from caltrop.content.kinds import KINDS
from caltrop.content.schema import PUBLISHED
from caltrop.content.spec import json_schema


def write_schemas(folder: Path) -> list[Path]:
    """One file an object."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, spec in PUBLISHED.items():
        body = {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": f"Caltrop {name.replace('_', ' ')}",
            **json_schema(spec),
        }
        path = folder / f"{name}.schema.json"
        path.write_text(json.dumps(body, indent=2) + "\n", encoding="utf-8")
        written.append(path)
    return written


def by_folder() -> dict[str, str]:
    """Folder of a repository -> the name of the schema that its files follow."""
    names = {id(spec): name for name, spec in PUBLISHED.items()}
    return {folder: names[id(kind.spec)] for folder, kind in KINDS.items() if id(kind.spec) in names}

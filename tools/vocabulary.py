"""caltrop/analysis/functions.json: which functions there are, from the engine's registrations (make docs)."""

from __future__ import annotations

import json
import sys

from caltrop.engine import registry
from caltrop.engine.aggregate.functions import names


def rendered() -> str:
    """The file's text."""
    registry.load()
    functions = {name: [entry.least, entry.most] for name, entry in registry.functions.items()}
    rows = ",\n".join(f'    "{name}": {json.dumps(arity)}' for name, arity in sorted(functions.items()))
    aggregations = json.dumps(sorted({*names(), "eval"}))
    return f'{{\n  "functions": {{\n{rows}\n  }},\n  "aggregations": {aggregations}\n}}\n'


if __name__ == "__main__":
    sys.stdout.write(rendered())

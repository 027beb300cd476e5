"""What scripts of apps find around them: modules under splunkd's names on their path, where the app is installed, who started them."""

from __future__ import annotations

import json
from pathlib import Path

from caltrop import children

BESIDE = Path(__file__).with_name("beside")
APPSERVER = BESIDE / "splunk" / "persistconn" / "appserver.py"
FACTS = Path("run") / "server.json"  # below the data directory, which scripts know as SPLUNK_HOME


def environment(script: Path, *before: Path) -> dict[str, str]:
    """For a script in an app's `bin`; `before` are folders that come first on its path.

    SPLUNK_HOME is told where the app is installed in one (etc/apps/<app>/bin/<script>): it is where libraries look for other apps.
    """
    found = {**children.ENVIRONMENT, "PYTHONPATH": ":".join(map(str, (*before, BESIDE)))}
    etc = script.parents[3] if len(script.parents) > 4 else None
    if etc is not None and (script.parents[2].name, etc.name) == ("apps", "etc"):
        found["SPLUNK_HOME"] = str(etc.parent)
    return found


def tell(data_dir: Path, **facts: str) -> None:
    """Write down what scripts may ask of the server that runs them: `uri`, `web`, `version`, `build`."""
    path = data_dir / FACTS
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(facts), encoding="utf-8")

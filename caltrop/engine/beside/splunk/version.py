"""The version of the server that runs the script, as `$SPLUNK_HOME/run/server.json` says."""

from __future__ import annotations

from .clilib.cli_common import server_facts

__version__ = server_facts().get("version", "")
__build__ = server_facts().get("build", "")

"""What an app keeps to itself: without `export = system` in its metadata, its search-time settings count in its own searches alone."""

from __future__ import annotations

import re

from caltrop.knowledge.configuration import Configuration

_SEARCH_TIME = re.compile(r"(?i)(EXTRACT-|REPORT-|FIELDALIAS-|EVAL-|LOOKUP-|KV_MODE$)")


def kept_to_itself(config: Configuration, app: str, seen_from: str = "search") -> bool:
    """Whether the app has search-time settings, and a search in `seen_from` meets none of them."""
    return bool(_settings(config, app, app)) and not _settings(config, app, seen_from)


def _settings(config: Configuration, app: str, seen_from: str) -> set[tuple[str, str]]:
    """Stanza and key of the app's search-time settings that a search there meets."""
    return {
        (name, key)
        for name, stanza in config.stanzas("props", seen_from).items()
        for key, setting in stanza.settings.items()
        if setting.app == app and _SEARCH_TIME.match(key)
    }

"""The logger of old search commands."""

from __future__ import annotations

import logging
import sys


def getLogger(name: str = "splunk.mining") -> logging.Logger:
    """A logger that writes to stderr, which splunkd puts into the log of the search."""
    logger = logging.getLogger(name)
    if not logger.handlers:
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(logging.Formatter("%(levelname)s %(name)s - %(message)s"))
        logger.addHandler(handler)
        logger.propagate = False
    return logger

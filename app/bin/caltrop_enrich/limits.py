"""Every bound of the enrichment. The text is the attacker's: nothing here grows with it without a limit."""

from __future__ import annotations

MAX_TEXT = 256 * 1024  # characters of script text that are read per event
MAX_TOKENS = 50_000  # tokens per script
MAX_WORK = 100_000  # evaluation steps per event, over all its scripts
MAX_DEPTH = 16  # nesting of parentheses and arrays that is evaluated
MAX_STRING_DEPTH = 64  # nesting of $( ) inside expandable strings
MAX_SCRIPTS = 32  # scripts within the script (Invoke-Expression, -Command, $( ), decoded payloads)
MAX_DECODE_DEPTH = 4  # payloads encoded within payloads
MAX_INVOCATIONS = 64  # WMI calls per event
MAX_VALUES = 64  # values per output field
MAX_VALUE = 8192  # characters per output value
MAX_FIELD = 64 * 1024  # characters per output field, over its values
MAX_DECODED = 32 * 1024  # characters per decoded payload
MAX_SHAPED = 4096  # characters of a script that may be read by its shape
MAX_SHAPED_STEPS = 500  # evaluation steps of such a shape
CACHE_CHARACTERS = 16 << 20  # of texts, and what was read from them, that are remembered
MAX_SEEN = 1 << 16  # texts whose hash is remembered

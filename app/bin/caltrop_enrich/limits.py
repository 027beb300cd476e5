"""Every bound of the enrichment. The text is the attacker's: nothing here grows with it without a limit."""

from __future__ import annotations

MAX_TEXT = 256 * 1024  # characters of script text that are read per event
MAX_NODES = 50_000  # nodes of the trees that are read per event
MAX_WORK = 100_000  # evaluation steps per event, over all its scripts
MAX_DEPTH = 40  # nesting of brackets that is read
MAX_STRING = 256 * 1024  # characters of a text that is computed, and bytes that come out of a stream
MAX_ITEMS = 64 * 1024  # items of an array that is computed
MAX_PLAIN = 64  # items of an array that are looked at where it stands for a name or a field
MAX_MADE = 32 << 20  # characters and items that are computed per event
MAX_CALL_DEPTH = 6  # scripts and functions that run within one another
MAX_SCRIPTS = 32  # scripts within the script (Invoke-Expression, -Command, decoded payloads)
MAX_DECODE_DEPTH = 4  # payloads encoded within payloads
MAX_INVOCATIONS = 64  # WMI calls per event
MAX_NAME = 1024  # characters of a computed name of a command or a member, and arguments that are splatted
MAX_VALUES = 64  # values per output field
MAX_VALUE = 8192  # characters per output value
MAX_FIELD = 64 * 1024  # characters per output field, over its values
MAX_DECODED = 32 * 1024  # characters per decoded payload
MAX_SHAPED = 4096  # characters of a script that may be read by its shape
MAX_SHAPED_STEPS = 500  # evaluation steps of such a shape
MAX_SHAPED_WORK = 2_000  # evaluation steps of a short script within a script whose reading is remembered
MAX_REMEMBERED = 64  # such readings
MAX_SHAPED_MADE = 1 << 18  # characters that it computes
CACHE_CHARACTERS = 16 << 20  # of texts, and what was read from them, that are remembered
MAX_SEEN = 1 << 16  # texts whose hash is remembered

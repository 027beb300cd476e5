"""`| enrichhits detection="<name>" [field=<script text field>]`: what a hit's script does, and what the detection says.

Search command protocol version 2, on the splunklib that the package carries in lib/.
"""

from __future__ import annotations

import csv
import gc
import sys
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, Optional, Tuple

APP = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(APP / "lib"))

from caltrop_enrich.annotations import Annotations, load  # noqa: E402
from caltrop_enrich.csv_rows import enrich_body  # noqa: E402
from caltrop_enrich.enrich import FIELDS, Enricher  # noqa: E402
from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch  # noqa: E402

LOOKUP = APP / "lookups" / "caltrop_detections.csv"

gc.set_threshold(100_000)  # nothing here makes cycles: the default looks for them once every few hundred events
csv.field_size_limit(2**31 - 1)  # splunklib's own limit would end the whole search at one long event


@Configuration()
class EnrichHitsCommand(StreamingCommand):  # type: ignore[misc]  # splunklib has no types
    """Adds the fields of `caltrop_enrich.enrich.FIELDS` to every event; drops, reorders and renames nothing."""

    detection = Option(doc="**Syntax:** **detection=***<name>* **Description:** name or id of the detection that hit")
    field = Option(doc="**Syntax:** **field=***<field>* **Description:** the field that holds the script text")

    _enricher: Optional[Enricher] = None

    def stream(self, records: Iterable[Dict[str, Any]]) -> Iterator[Dict[str, Any]]:
        """Records in, records out. Each has all of FIELDS, since the writer takes its columns from the first."""
        enrich = self._ready().enrich
        empty = dict.fromkeys(FIELDS, "")
        for record in records:
            fields = enrich(record)
            record.update(empty)
            record.update(fields)
            yield record

    def _execute_chunk_v2(self, process: object, chunk: Tuple[object, str]) -> None:
        """Protocol 2 takes the short way: text to text, past splunklib's record objects."""
        _, body = chunk
        if body:
            self._record_writer._buffer.write(enrich_body(body, self._ready()))

    def _ready(self) -> Enricher:
        if self._enricher is None:
            self._enricher = Enricher(self._annotations(), self.field or "")
        return self._enricher

    def _annotations(self) -> Optional[Annotations]:
        if not self.detection:
            self.write_warning("enrichhits: no detection= given, so hits get no ATT&CK, story and risk fields")
            return None
        try:
            known = load(LOOKUP)
        except (OSError, ValueError) as error:
            self.write_warning("{}", f"enrichhits: lookup {LOOKUP.name}: {error}")
            return None
        found = known.get(self.detection)
        if found is None:
            self.write_warning("{}", f"enrichhits: detection '{self.detection}' is not in {LOOKUP.name}")
        return found


dispatch(EnrichHitsCommand, module_name=__name__)

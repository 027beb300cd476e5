"""`| enrichhits detection="<name>" [field=<script text field>]`: what a hit's script does, and what the detection says.

Search command protocol version 2, on the splunklib that the package carries in lib/.
"""

import csv
import os
import sys

APP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(APP, "lib"))

from caltrop_enrich import annotations  # noqa: E402
from caltrop_enrich.enrich import FIELDS, Enricher  # noqa: E402
from splunklib.searchcommands import Configuration, Option, StreamingCommand, dispatch  # noqa: E402

LOOKUP = os.path.join(APP, "lookups", "caltrop_detections.csv")
_NUL_STAND_IN = "\ufdd0"  # never a character of text (Unicode calls it a noncharacter)

csv.field_size_limit(2**31 - 1)  # splunklib's own limit ends the whole search on one long event


@Configuration()
class EnrichHitsCommand(StreamingCommand):
    """Adds the fields of `caltrop_enrich.enrich.FIELDS` to every event; drops, reorders and renames nothing."""

    detection = Option(doc="**Syntax:** **detection=***<name>* **Description:** name or id of the detection that hit")
    field = Option(doc="**Syntax:** **field=***<field>* **Description:** the field that holds the script text")

    _enricher = None

    def stream(self, records):
        """Every event with all of FIELDS set: the writer takes its columns from the first event of a chunk."""
        if self._enricher is None:
            self._enricher = Enricher(self._annotations(), self.field or "")
        enrich = self._enricher.enrich
        empty = dict.fromkeys(FIELDS, "")
        for record in records:
            fields = enrich(record)
            record.update(empty)
            record.update(fields)
            yield record

    def _annotations(self):
        if not self.detection:
            self.write_warning("enrichhits: no detection= given, so hits get no ATT&CK, story and risk fields")
            return None
        try:
            known = annotations.load(LOOKUP)
        except (OSError, ValueError) as error:
            self.write_warning("{}", f"enrichhits: lookup caltrop_detections.csv: {error}")
            return None
        found = known.get(self.detection)
        if found is None:
            self.write_warning("{}", f"enrichhits: detection '{self.detection}' is not in caltrop_detections.csv")
        return found

    def _read_csv_records(self, ifile):
        """Before 3.11 Python's CSV reader refuses NUL: it travels as another character and comes back."""
        if sys.version_info >= (3, 11):
            yield from super()._read_csv_records(ifile)
            return
        text = ifile.read()
        nul = "\0" in text
        for record in super()._read_csv_records(type(ifile)(text.replace("\0", _NUL_STAND_IN) if nul else text)):
            yield _restored(record) if nul else record


def _restored(record):
    for name, value in record.items():
        if isinstance(value, list):
            record[name] = [item.replace(_NUL_STAND_IN, "\0") for item in value]
        else:
            record[name] = value.replace(_NUL_STAND_IN, "\0")
    return record


dispatch(EnrichHitsCommand, module_name=__name__)

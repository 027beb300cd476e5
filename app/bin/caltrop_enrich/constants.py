"""What every Windows PowerShell 5.1 has, so that a script can take its letters from it."""

from __future__ import annotations

from typing import Dict, Tuple

VARIABLES: Dict[str, str] = {
    "pshome": "C:\\Windows\\System32\\WindowsPowerShell\\v1.0",
    "shellid": "Microsoft.PowerShell",
    "verbosepreference": "SilentlyContinue",
    "debugpreference": "SilentlyContinue",
    "warningpreference": "Continue",
    "erroractionpreference": "Continue",
    "progresspreference": "Continue",
    "informationpreference": "SilentlyContinue",
    "confirmpreference": "High",
    "psculture": "en-US",
    "psuiculture": "en-US",
    "psemailserver": "",
    "pssessionconfigurationname": "http://schemas.microsoft.com/powershell/Microsoft.PowerShell",
    "psessionapplicationname": "wsman",
    "outputencoding": "System.Text.ASCIIEncoding",
}
COUNTS: Dict[str, int] = {
    "maximumvariablecount": 4096,
    "maximumfunctioncount": 4096,
    "maximumaliascount": 4096,
    "maximumdrivecount": 4096,
    "maximumerrorcount": 256,
    "maximumhistorycount": 4096,
    "formatenumerationlimit": 4,
}
# Names as Get-Variable shows them, for wildcards.
VARIABLE_NAMES: Tuple[str, ...] = (
    "MaximumDriveCount", "MaximumVariableCount", "MaximumFunctionCount", "MaximumAliasCount", "MaximumErrorCount",
    "MaximumHistoryCount", "FormatEnumerationLimit", "PSHOME", "ShellId", "VerbosePreference", "DebugPreference",
    "WarningPreference", "ErrorActionPreference", "ProgressPreference", "ConfirmPreference", "InformationPreference",
    "WhatIfPreference", "ExecutionContext", "PSVersionTable", "PSCulture", "PSUICulture", "PSEmailServer",
    "PSSessionConfigurationName", "PSSessionApplicationName", "OutputEncoding", "StackTrace", "HOME", "Host", "PID", "PROFILE",
    "PSBoundParameters", "PSCommandPath", "PSScriptRoot", "PSDefaultParameterValues", "MyInvocation", "ConsoleFileName",
    "NestedPromptLevel", "Error", "args", "input", "null", "true", "false",
)  # fmt: skip
ENVIRONMENT: Dict[str, str] = {
    "comspec": "C:\\Windows\\system32\\cmd.exe",
    "windir": "C:\\Windows",
    "systemroot": "C:\\Windows",
    "systemdrive": "C:",
    "public": "C:\\Users\\Public",
    "programdata": "C:\\ProgramData",
    "allusersprofile": "C:\\ProgramData",
    "programfiles": "C:\\Program Files",
    "programw6432": "C:\\Program Files",
    "programfiles(x86)": "C:\\Program Files (x86)",
    "commonprogramfiles": "C:\\Program Files\\Common Files",
    "commonprogramw6432": "C:\\Program Files\\Common Files",
    "os": "Windows_NT",
    "pathext": ".COM;.EXE;.BAT;.CMD;.VBS;.VBE;.JS;.JSE;.WSF;.WSH;.MSC;.CPL",
    "psmodulepath": "C:\\Program Files\\WindowsPowerShell\\Modules;C:\\Windows\\system32\\WindowsPowerShell\\v1.0\\Modules",
}
ENVIRONMENT_NAMES: Dict[str, str] = {
    "comspec": "ComSpec", "windir": "windir", "systemroot": "SystemRoot", "systemdrive": "SystemDrive", "public": "PUBLIC",
    "programdata": "ProgramData", "allusersprofile": "ALLUSERSPROFILE", "programfiles": "ProgramFiles", "programw6432": "ProgramW6432",
    "programfiles(x86)": "ProgramFiles(x86)", "commonprogramfiles": "CommonProgramFiles", "commonprogramw6432": "CommonProgramW6432",
    "os": "OS", "pathext": "PATHEXT", "psmodulepath": "PSModulePath",
}  # fmt: skip

# A method without its parentheses, as a text: what `''.Insert.ToString()` says.
METHODS: Dict[str, str] = {
    "insert": "string Insert(int startIndex, string value)",
    "normalize": "string Normalize(), string Normalize(System.Text.NormalizationForm normalizationForm)",
    "chars": "char Chars(int index) {get;}",
    "substring": "string Substring(int startIndex), string Substring(int startIndex, int length)",
    "remove": "string Remove(int startIndex, int count), string Remove(int startIndex)",
    "replace": "string Replace(char oldChar, char newChar), string Replace(string oldValue, string newValue)",
    "indexof": "int IndexOf(char value), int IndexOf(char value, int startIndex), int IndexOf(char value, int startIndex, int count), "
    "int IndexOf(string value), int IndexOf(string value, int startIndex), int IndexOf(string value, int startIndex, int count), "
    "int IndexOf(string value, System.StringComparison comparisonType), int IndexOf(string value, int startIndex, "
    "System.StringComparison comparisonType), int IndexOf(string value, int startIndex, int count, System.StringComparison comparisonType)",
    "indexofany": "int IndexOfAny(char[] anyOf), int IndexOfAny(char[] anyOf, int startIndex), int IndexOfAny(char[] anyOf, int startIndex, "
    "int count)",
    "lastindexof": "int LastIndexOf(char value), int LastIndexOf(char value, int startIndex), int LastIndexOf(char value, int startIndex, "
    "int count), int LastIndexOf(string value), int LastIndexOf(string value, int startIndex), int LastIndexOf(string value, int startIndex, "
    "int count), int LastIndexOf(string value, System.StringComparison comparisonType), int LastIndexOf(string value, int startIndex, "
    "System.StringComparison comparisonType), int LastIndexOf(string value, int startIndex, int count, System.StringComparison comparisonType)",
    "lastindexofany": "int LastIndexOfAny(char[] anyOf), int LastIndexOfAny(char[] anyOf, int startIndex), int LastIndexOfAny(char[] anyOf, "
    "int startIndex, int count)",
    "isnormalized": "bool IsNormalized(), bool IsNormalized(System.Text.NormalizationForm normalizationForm)",
    "trim": "string Trim(Params char[] trimChars), string Trim()",
    "trimstart": "string TrimStart(Params char[] trimChars)",
    "trimend": "string TrimEnd(Params char[] trimChars)",
    "split": "string[] Split(Params char[] separator), string[] Split(char[] separator, int count), string[] Split(char[] separator, "
    "System.StringSplitOptions options), string[] Split(char[] separator, int count, System.StringSplitOptions options), "
    "string[] Split(string[] separator, System.StringSplitOptions options), string[] Split(string[] separator, int count, "
    "System.StringSplitOptions options)",
    "tolower": "string ToLower(), string ToLower(cultureinfo culture)",
    "toupper": "string ToUpper(), string ToUpper(cultureinfo culture)",
    "tochararray": "char[] ToCharArray(), char[] ToCharArray(int startIndex, int length)",
    "padleft": "string PadLeft(int totalWidth), string PadLeft(int totalWidth, char paddingChar)",
    "padright": "string PadRight(int totalWidth), string PadRight(int totalWidth, char paddingChar)",
    "compareto": "int CompareTo(System.Object value), int CompareTo(string strB), int IComparable.CompareTo(System.Object obj), "
    "int IComparable[string].CompareTo(string other)",
    "endswith": "bool EndsWith(string value), bool EndsWith(string value, System.StringComparison comparisonType), "
    "bool EndsWith(string value, bool ignoreCase, cultureinfo culture)",
    "startswith": "bool StartsWith(string value), bool StartsWith(string value, System.StringComparison comparisonType), "
    "bool StartsWith(string value, bool ignoreCase, cultureinfo culture)",
    "contains": "bool Contains(string value)",
    "clone": "System.Object Clone(), System.Object ICloneable.Clone()",
    "copyto": "void CopyTo(int sourceIndex, char[] destination, int destinationIndex, int count)",
    "gettypecode": "System.TypeCode GetTypeCode(), System.TypeCode IConvertible.GetTypeCode()",
    "gethashcode": "int GetHashCode()",
}

# Aliases of what the reader knows, to the command's own name.
ALIASES: Dict[str, str] = {
    "iex": "invoke-expression", "icm": "invoke-command", "iwr": "invoke-webrequest", "curl": "invoke-webrequest",
    "wget": "invoke-webrequest", "irm": "invoke-restmethod", "saps": "start-process", "start": "start-process", "gcm": "get-command",
    "gal": "get-alias", "gv": "get-variable", "variable": "get-variable", "sv": "set-variable", "set": "set-variable", "nv": "new-variable",
    "gi": "get-item", "item": "get-item", "si": "set-item", "gci": "get-childitem", "dir": "get-childitem", "ls": "get-childitem",
    "childitem": "get-childitem", "%": "foreach-object", "foreach": "foreach-object", "?": "where-object", "where": "where-object",
    "sal": "set-alias", "nal": "new-alias", "nsn": "new-pssession", "etsn": "enter-pssession", "sajb": "start-job", "echo": "write-output",
    "write": "write-output", "object": "new-object", "command": "get-command", "alias": "get-alias", "random": "get-random",
    "select": "select-object", "sort": "sort-object", "measure": "measure-object", "member": "get-member", "gm": "get-member",
    "ni": "new-item", "gc": "get-content", "cat": "get-content", "type": "get-content", "sc": "sc.exe", "sleep": "start-sleep",
    "oh": "out-host", "tee": "tee-object", "content": "get-content", "service": "get-service", "process": "get-process",
}  # fmt: skip
# Names that a wildcard of Get-Command may mean; no more than one of them fits what scripts write.
COMMAND_NAMES: Tuple[str, ...] = (
    "Invoke-Expression", "Invoke-Command", "Invoke-WmiMethod", "Invoke-CimMethod", "Invoke-WebRequest", "Invoke-RestMethod",
    "Invoke-Item", "Invoke-History", "New-Object", "New-CimSession", "New-CimInstance", "New-PSSession", "New-Service", "New-Item",
    "New-Alias", "New-Variable", "Get-WmiObject", "Get-CimInstance", "Get-CimClass", "Get-Command", "Get-Alias", "Get-Variable",
    "Get-Item", "Get-ChildItem", "Get-Content", "Get-Process", "Get-Service", "Get-Member", "Get-Random", "Set-WmiInstance", "Set-Item",
    "Set-Variable", "Set-Alias", "Set-Content", "Register-WmiEvent", "Remove-WmiObject", "Start-Process", "Start-Job", "Start-Service",
    "Start-BitsTransfer", "Enter-PSSession", "ForEach-Object", "Where-Object", "Write-Output", "Write-Host", "Out-String", "Out-Null",
    "ConvertTo-SecureString", "ConvertFrom-SecureString", "Add-Type", "Import-Module", "Get-Date", "Select-Object", "Sort-Object",
)  # fmt: skip

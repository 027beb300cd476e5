"""Stand-ins for the modules that splunkd's own Python brings, as far as scripts of apps import them: our own code, under Splunk's
names and with Splunk's order of arguments. What speaks to a server speaks to the one that started the script.
"""

from __future__ import annotations

from typing import Any

_defaults: dict[str, Any] = {"owner": None, "namespace": None, "sessionKey": None, "user": None}


class SplunkdException(Exception):
    """What goes wrong with splunkd."""


class SplunkdConnectionException(SplunkdException):
    """No server answered."""


class RESTException(SplunkdException):
    """An answer that is an error; `statusCode` and the texts of its messages."""

    def __init__(self, statusCode: int, messages: Any = None, extendedMessages: Any = None) -> None:
        self.statusCode = statusCode
        self.msg = messages
        self.extendedMessages = extendedMessages
        super().__init__(f"[HTTP {statusCode}] {messages or ''}".rstrip())

    def get_message_text(self) -> Any:
        return self.msg

    def get_extended_message_text(self) -> Any:
        return self.extendedMessages


class BadRequest(RESTException):
    """400."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(400, messages, extendedMessages)


class AuthenticationFailed(RESTException):
    """401."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(401, messages, extendedMessages)


class LicenseRestriction(RESTException):
    """402."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(402, messages, extendedMessages)


class AuthorizationFailed(RESTException):
    """403."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(403, messages, extendedMessages)


class ResourceNotFound(RESTException):
    """404."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(404, messages, extendedMessages)


class InternalServerError(RESTException):
    """500."""

    def __init__(self, messages: Any = None, extendedMessages: Any = None) -> None:
        super().__init__(500, messages, extendedMessages)


def getDefault(key: str) -> Any:
    """What calls take where they are not told; None for what was never set."""
    return _defaults.get(key)


def setDefault(key: str | None = None, value: Any = None) -> None:
    """Set it for all calls that follow; without a name all are forgotten."""
    if key is None:
        for name in _defaults:
            _defaults[name] = None
    else:
        _defaults[key] = value


def getSessionKey() -> Any:
    return _defaults["sessionKey"]


def getLocalServerInfo() -> str:
    """Where the server is, `https://host:port`."""
    from .clilib.cli_common import getMgmtUri

    return getMgmtUri()


def mergeHostPath(hostpath: str | None = None, saveAsDefault: bool = False) -> str:
    """`host`, `host:port` or `https://host:port` as the last; the local server where nothing is said."""
    if not hostpath:
        return getLocalServerInfo()
    scheme, sep, rest = hostpath.partition("://")
    if not sep:
        scheme, rest = "https", hostpath
    host, colon, port = rest.rpartition(":")
    return f"{scheme}://{host}:{port}" if colon and port.isdigit() else f"{scheme}://{rest}:8089"

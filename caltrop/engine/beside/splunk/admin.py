"""Handlers of the administration interface (EAI): what `[admin_external:…]` of restmap.conf runs.

A handler file has a class of `MConfigHandler` and ends with `admin.init(Class, admin.CONTEXT_…)`. `adminserver.py` runs the file
with one request (`serve`); `init` makes the handler, lets it say which arguments it takes (`setup`), checks them, and calls
`handleList`, `handleCreate`, `handleEdit`, `handleRemove`, `handleReload` or `handleCustom`, which fill `confInfo`.
"""

from __future__ import annotations

import fnmatch
import traceback
from collections.abc import Iterator
from typing import Any

from . import ResourceNotFound, RESTException, entity

ACTION_CREATE = 1
ACTION_LIST = 2
ACTION_EDIT = 4
ACTION_REMOVE = 8
ACTION_MEMBERS = 16
ACTION_RELOAD = 32
ACTION_CUSTOM = 64

CONTEXT_NONE = 1
CONTEXT_APP_ONLY = 2
CONTEXT_APP_AND_USER = 3

EAI_META_PREFIX = "eai:"
EAI_ENTRY_ACL = "eai:acl"
EAI_ENTRY_ATTRIBUTES = "eai:attributes"

CAP_NONE = "allow_access_to_all"
_CALLS = {
    ACTION_CREATE: "handleCreate", ACTION_LIST: "handleList", ACTION_EDIT: "handleEdit", ACTION_REMOVE: "handleRemove",
    ACTION_MEMBERS: "handleMembers", ACTION_RELOAD: "handleReload", ACTION_CUSTOM: "handleCustom",
}  # fmt: skip


class AdminManagerException(Exception):
    """What a handler raises to refuse a request; `status` is that of the answer."""

    status = 500


class AdminManagerExternalException(AdminManagerException):
    """The same, under its newer name."""


class ArgValidationException(AdminManagerExternalException):
    """An argument has a value that cannot be."""

    status = 400


class BadActionException(AdminManagerExternalException):
    """The handler does not do that."""

    status = 400


class BadProgramException(AdminManagerExternalException):
    """The handler is wrong."""


class HandlerSetupException(AdminManagerExternalException):
    """`setup` is wrong."""


class InternalException(AdminManagerExternalException):
    """Anything else."""


class NotFoundException(AdminManagerExternalException):
    """No object has the name."""

    status = 404


class AlreadyExistsException(AdminManagerExternalException):
    """An object has the name."""

    status = 409


class PermissionsException(AdminManagerExternalException):
    """The caller may not."""

    status = 403


class ServiceUnavailableException(AdminManagerExternalException):
    """Not now."""

    status = 503


class ConfigItem(dict[str, Any]):
    """The settings of one object, and what is told about it (`eai:…`)."""

    def __init__(self) -> None:
        super().__init__()
        self.actions = 0
        self.customActions: dict[str, Any] = {}
        self.metadata: dict[str, Any] = {}

    def append(self, key: str, value: Any) -> None:
        """A value; one that follows another makes a list of them."""
        if key not in self:
            self[key] = value
        elif isinstance(self[key], list):
            self[key].append(value)
        else:
            self[key] = [self[key], value]

    def setMetadata(self, key: str, value: Any) -> None:
        self.metadata[key] = value

    def addCustomAction(self, name: str, value: Any = "") -> None:
        self.customActions[name] = value


class ConfigInfo(dict[str, ConfigItem]):
    """Objects by name; one that is asked for is made."""

    def __init__(self) -> None:
        super().__init__()
        self.messages: list[tuple[str, str]] = []

    def __missing__(self, key: str) -> ConfigItem:
        self[key] = made = ConfigItem()
        return made

    def addInfoMsg(self, text: str) -> None:
        self.messages.append(("INFO", text))

    def addWarnMsg(self, text: str) -> None:
        self.messages.append(("WARN", text))

    def addErrorMsg(self, text: str) -> None:
        self.messages.append(("ERROR", text))

    def addDeprecationMsg(self, text: str = "") -> None:
        self.addWarnMsg(text or "This is deprecated.")


class CallerArgs:
    """What the caller sent: `id` is the name of the object, `data` lists of values by argument."""

    def __init__(self, id: str | None, data: dict[str, list[str]]) -> None:
        self.id = id
        self.data = data

    def get(self, key: str, default: Any = None) -> Any:
        return self.data.get(key, default)

    def keys(self) -> Any:
        return self.data.keys()

    def values(self) -> Any:
        return self.data.values()

    def items(self) -> Any:
        return self.data.items()

    def __getitem__(self, key: str) -> Any:
        return self.data[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.data[key] = value

    def __delitem__(self, key: str) -> None:
        del self.data[key]

    def __contains__(self, key: object) -> bool:
        return key in self.data

    def __iter__(self) -> Iterator[str]:
        return iter(self.data)

    def __len__(self) -> int:
        return len(self.data)


class SupportedArgs:
    """Which arguments an action takes; `*` in a name stands for anything."""

    def __init__(self) -> None:
        self.required: list[str] = []
        self.optional: list[str] = []

    def addReqArg(self, name: str) -> None:
        self.required.append(name)

    def addOptArg(self, name: str) -> None:
        self.optional.append(name)

    def allows(self, name: str) -> bool:
        return any(fnmatch.fnmatchcase(name, known) for known in (*self.required, *self.optional))


class MConfigHandler:
    """Base of handlers. A request is given by `requestedAction`, `callerArgs`, `userName`, `appName`, `customAction`."""

    def __init__(self, scriptMode: Any = None, ctxInfo: int = CONTEXT_NONE, request: Any = None) -> None:
        asked = _asked if request is None else request
        self.context = ctxInfo
        self.requestedAction: int = asked["action"]
        self.customAction: str = asked.get("custom", "")
        self.callerArgs = CallerArgs(asked.get("id"), {name: list(values) for name, values in asked["data"].items()})
        self.supportedArgs = SupportedArgs()
        self.userName: str = asked["user"]
        self.appName: str = asked["app"]
        self.posOffset: int = asked.get("offset", 0)
        self.maxCount: int = asked.get("count", 0)
        self.sortByKey: str = asked.get("sort_key", "")
        self.sortAscending: bool = asked.get("ascending", True)
        self.filterQuery: str = asked.get("search", "")
        self.shouldAutoList = True
        self.shouldFilter = self.shouldPage = self.shouldSort = True
        self.capabilityRead = self.capabilityWrite = CAP_NONE
        self._session: str = asked["session"]

    def getSessionKey(self) -> str:
        return self._session

    def setReadCapability(self, name: str) -> None:
        """Which capability reading takes."""
        self.capabilityRead = name

    def setWriteCapability(self, name: str) -> None:
        """Which capability anything but reading takes."""
        self.capabilityWrite = name

    def setup(self) -> None:
        """Say which arguments the requested action takes: nothing beside what every list takes, unless a handler says more."""

    # -- conf files, as the caller sees them in the app

    @property
    def _owner(self) -> str:
        return self.userName if self.context == CONTEXT_APP_AND_USER and self.userName != "-" else "nobody"

    def readConf(self, confName: str) -> dict[str, dict[str, str]] | None:
        """Stanzas of the merged conf file; None where there is no such file."""
        return self.readConfCtx(confName)

    def readConfCtx(self, confName: str) -> dict[str, dict[str, str]] | None:
        try:
            found = entity.getEntities(
                f"configs/conf-{confName}", namespace=self.appName, owner=self._owner, count=0, sessionKey=self._session
            )
        except ResourceNotFound:
            return None
        return {
            name: {key: _text(value) for key, value in one.properties.items() if not key.startswith("eai:")}
            for name, one in found.items()
        }

    def writeConf(self, confName: str, stanzaName: str, settingsDict: Any) -> None:
        """Set settings of a stanza, which is made where it is not; of a list of values the first counts."""
        settings = {key: _first(value) for key, value in dict(settingsDict).items()}
        path = f"configs/conf-{confName}"
        held = self.readConf(confName)
        new = held is None or stanzaName not in held
        given = {"name": stanzaName, **settings} if new else settings
        one = entity.Entity(path, "_new" if new else stanzaName, given, self.appName, self._owner)
        entity.setEntity(one, sessionKey=self._session)

    def updateConf(self, confName: str, stanzaName: str, settingsDict: Any) -> None:
        self.writeConf(confName, stanzaName, settingsDict)

    def invalidateConf(self, confName: str) -> None:
        """Nothing is kept between requests, so nothing is to be forgotten."""

    # -- what a handler does

    def handleList(self, confInfo: ConfigInfo) -> None:
        raise BadActionException("This handler claims to support this action (2), but has not implemented it.")

    def handleCreate(self, confInfo: ConfigInfo) -> None:
        raise BadActionException("This handler claims to support this action (1), but has not implemented it.")

    def handleEdit(self, confInfo: ConfigInfo) -> None:
        raise BadActionException("This handler claims to support this action (4), but has not implemented it.")

    def handleRemove(self, confInfo: ConfigInfo) -> None:
        raise BadActionException("This handler claims to support this action (8), but has not implemented it.")

    def handleMembers(self, confInfo: ConfigInfo) -> None:
        raise BadActionException("This handler claims to support this action (16), but has not implemented it.")

    def handleReload(self, confInfo: ConfigInfo) -> None:
        """Nothing is kept between requests, so nothing is to be read again."""

    def handleCustom(self, confInfo: ConfigInfo) -> None:
        raise BadActionException(f"Invalid custom action {self.customAction!r}.")


def _first(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        value = value[0] if value else ""
    return _text(value)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    return "" if value is None else str(value)


# --- one request ------------------------------------------------------------------------------------------------------

_asked: dict[str, Any] = {}
_answered: dict[str, Any] = {}


def begin(asked: dict[str, Any]) -> None:
    """The request that the next `init` answers."""
    _asked.clear()
    _answered.clear()
    _asked.update(asked)


def answered() -> dict[str, Any] | None:
    """What `init` made of it; None where the file never called it."""
    return dict(_answered) or None


def init(handler: Any, ctxInfo: int = CONTEXT_NONE) -> None:
    """Answer the request by a handler of this class."""
    try:
        found = _run(handler, ctxInfo)
    except AdminManagerException as error:
        found = {"status": error.status, "error": str(error)}
    except RESTException as error:
        found = {"status": error.statusCode, "error": str(error)}
    except Exception as error:
        traceback.print_exc()
        found = unexpected(error)
    _answered.update(found)


def unexpected(error: Exception) -> dict[str, Any]:
    """The answer where a handler fails."""
    kind = f"<class '{type(error).__module__}.{type(error).__qualname__}'>"
    text = f'Unexpected error "{kind}" from python handler: "{error}". See splunkd.log/python.log for more details.'
    return {"status": 500, "error": text}


def _run(handler: Any, context: int) -> dict[str, Any]:
    one = handler("execute", context)
    one.setup()
    reading = one.requestedAction in (ACTION_LIST, ACTION_MEMBERS)
    needed = one.capabilityRead if reading else one.capabilityWrite
    if needed != CAP_NONE and needed not in _asked["capabilities"]:
        raise PermissionsException(
            f"You (user={_asked['caller']}) do not have permission (requires capability: {needed})."
        )
    missing = [name for name in one.supportedArgs.required if "*" not in name and name not in one.callerArgs]
    if missing:
        raise ArgValidationException(f"The following required arguments are missing: {', '.join(missing)}.")
    for name in one.callerArgs:
        if not one.supportedArgs.allows(name):
            raise ArgValidationException(f'Argument "{name}" is not supported by this handler.')
    info = ConfigInfo()
    getattr(one, _CALLS[one.requestedAction])(info)
    if not info and one.shouldAutoList and one.requestedAction in (ACTION_CREATE, ACTION_EDIT) and _asked["lists"]:
        one.requestedAction = ACTION_LIST
        one.handleList(info)
    entries = [
        {"name": name, "content": {k: _shown(v) for k, v in item.items()}, "metadata": item.metadata}
        for name, item in info.items()
    ]
    return {"status": 200, "entries": entries, "messages": info.messages}


def _shown(value: Any) -> Any:
    if isinstance(value, (list, tuple)):
        return [_shown(one) for one in value]
    return value if isinstance(value, bool) else "" if value is None else str(value)

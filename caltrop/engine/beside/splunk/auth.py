"""Sessions and users."""

from __future__ import annotations

from typing import Any
from xml.etree import ElementTree

from . import AuthenticationFailed, SplunkdException, entity, mergeHostPath, rest, setDefault


def getSessionKey(username: str, password: str, hostPath: str | None = None, newPassword: str | None = None) -> str:
    """Log in; the key becomes the default of calls that follow. Raises `AuthenticationFailed`."""
    arguments = {"username": username, "password": password}
    if newPassword is not None:
        arguments["new_password"] = newPassword
    path = f"{mergeHostPath(hostPath)}/services/auth/login" if hostPath else "/services/auth/login"
    _, content = rest.simpleRequest(path, postargs=arguments, raiseAllErrors=True)
    key = ElementTree.fromstring(content).findtext("sessionKey") or ""
    if not key:
        raise AuthenticationFailed("Login failed")
    setDefault("sessionKey", key)
    setDefault("user", username)
    return key


def ping(hostPath: str | None = None, sessionKey: str | None = None) -> bool:
    """Whether the session is one."""
    try:
        rest.simpleRequest("/services/authentication/current-context", sessionKey, raiseAllErrors=True)
    except SplunkdException:
        return False
    return True


def getCurrentUser(sessionKey: str | None = None) -> dict[str, Any]:
    """Name, roles and the rest of whom the session belongs to."""
    (found,) = entity.getEntities("authentication/current-context", sessionKey=sessionKey).values()
    return {**found.properties, "name": found.get("username", "")}


def listUsers(sessionKey: str | None = None) -> dict[str, dict[str, Any]]:
    """The users by name."""
    users = entity.getEntities("authentication/users", count=0, sessionKey=sessionKey)
    return {name: dict(found.properties) for name, found in users.items()}


def getUser(name: str, sessionKey: str | None = None) -> dict[str, Any] | None:
    """A user's settings; None where there is none of that name."""
    return listUsers(sessionKey).get(name)

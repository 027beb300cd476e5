"""Objects of splunkd's REST API as dictionaries."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator, MutableMapping
from typing import Any
from urllib.parse import quote

from . import ResourceNotFound, getDefault, rest

EMPTY_OWNER_NAME = "nobody"
ALL = "-"


class Entity(MutableMapping[str, Any]):
    """One object. Its settings are items; what the server says of it besides are attributes."""

    def __init__(
        self,
        entityClass: Any,
        entityName: str = "_new",
        contents: MutableMapping[str, Any] | None = None,
        namespace: str | None = None,
        owner: str | None = None,
    ) -> None:
        self.path = "/".join(entityClass) if isinstance(entityClass, list | tuple) else str(entityClass)
        self.name = entityName
        self.namespace = namespace or getDefault("namespace")
        self.owner = owner or getDefault("owner")
        self.properties: MutableMapping[str, Any] = OrderedDict(contents or {})
        self.links: list[tuple[str, str]] = []
        self.id = ""
        self.updateTime = ""

    def __getitem__(self, key: str) -> Any:
        return self.properties[key]

    def __setitem__(self, key: str, value: Any) -> None:
        self.properties[key] = value

    def __delitem__(self, key: str) -> None:
        del self.properties[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.properties)

    def __len__(self) -> int:
        return len(self.properties)

    def getFullPath(self) -> str:
        return f"{self.path}/{quote(self.name, safe='')}"

    def getLink(self, name: str) -> str | None:
        return next((href for rel, href in self.links if rel == name), None)

    def isDeletable(self) -> bool:
        return self.getLink("remove") is not None


def buildEndpoint(
    entityClass: Any, entityName: str | None = None, namespace: str | None = None, owner: str | None = None, **_: Any
) -> str:
    """The path of a collection, or of an object in it."""
    path = "/".join(entityClass) if isinstance(entityClass, list | tuple) else str(entityClass).strip("/")
    namespace, owner = namespace or getDefault("namespace"), owner or getDefault("owner")
    place = (
        f"/servicesNS/{quote(owner or EMPTY_OWNER_NAME, safe='')}/{quote(namespace or ALL, safe='')}"
        if namespace or owner
        else "/services"
    )
    return f"{place}/{path}" + (f"/{quote(entityName, safe='')}" if entityName else "")


def getEntities(
    entityPath: Any,
    namespace: str | None = None,
    owner: str | None = None,
    search: str | None = None,
    count: int | None = None,
    offset: int = 0,
    sort_key: str | None = None,
    sort_dir: str | None = None,
    sessionKey: str | None = None,
    uri: str | None = None,
    unique_key: str = "title",
    hostPath: str | None = None,
    **kwargs: Any,
) -> OrderedDict[str, Entity]:
    """The objects of a collection by their names, in the server's order. Raises for an answer that is an error."""
    arguments = {
        "search": search, "count": count, "offset": offset or None, "sort_key": sort_key, "sort_dir": sort_dir, **kwargs,
    }  # fmt: skip
    answer = _read(uri or buildEndpoint(entityPath, None, namespace, owner), arguments, sessionKey)
    found: OrderedDict[str, Entity] = OrderedDict()
    for entry in answer.get("entry", []):
        one = _entity(entityPath, entry, namespace, owner)
        found[str(one.get(unique_key, one.name)) if unique_key != "title" else one.name] = one
    return found


def getEntity(
    entityPath: Any,
    entityName: str | None,
    uri: str | None = None,
    namespace: str | None = None,
    owner: str | None = None,
    sessionKey: str | None = None,
    hostPath: str | None = None,
    **kwargs: Any,
) -> Entity:
    """One object; `_new` or no name is the template of one. Raises `ResourceNotFound`."""
    path = uri or buildEndpoint(entityPath, entityName or "_new", namespace, owner)
    entries = _read(path, kwargs, sessionKey).get("entry", [])
    if not entries:
        raise ResourceNotFound(f"no {entityName} in {entityPath}")
    return _entity(entityPath, entries[0], namespace, owner)


def setEntity(
    entity: Entity, sessionKey: str | None = None, uri: str | None = None, msgObj: Any = None, strictCreate: bool = False,
    filterArguments: Any = None,
) -> bool:  # fmt: skip
    """Write an object: made where its name is `_new` (the setting `name` says which), else changed."""
    new = entity.name == "_new"
    path = uri or buildEndpoint(entity.path, None if new else entity.name, entity.namespace, entity.owner)
    settings = {name: value for name, value in entity.properties.items() if not name.startswith("eai:")}
    if "eai:data" in entity.properties:
        settings["eai:data"] = entity.properties["eai:data"]
    rest.simpleRequest(path, sessionKey, postargs=settings, method="POST", raiseAllErrors=True)
    return True


def deleteEntity(
    entityPath: Any, entityName: str, namespace: str | None = None, owner: str | None = None,
    sessionKey: str | None = None, hostPath: str | None = None,
) -> bool:  # fmt: skip
    path = buildEndpoint(entityPath, entityName, namespace, owner)
    rest.simpleRequest(path, sessionKey, method="DELETE", raiseAllErrors=True)
    return True


def controlEntity(action: str, entityURI: str, sessionKey: str | None = None) -> bool:
    """`enable`, `disable`, `_reload`: what the address does; `remove` deletes."""
    method = "DELETE" if action == "remove" else "GET" if action.startswith("_") else "POST"
    rest.simpleRequest(entityURI, sessionKey, method=method, raiseAllErrors=True)
    return True


def refreshEntities(
    entityPath: Any, namespace: str | None = None, owner: str | None = None, sessionKey: str | None = None, **_: Any
) -> bool:
    """Have the server read its files again."""
    path = buildEndpoint(entityPath, "_reload", namespace, owner)
    rest.simpleRequest(path, sessionKey, raiseAllErrors=True)
    return True


def _read(path: str, arguments: MutableMapping[str, Any], sessionKey: str | None) -> dict[str, Any]:
    asked = {**{name: value for name, value in arguments.items() if value is not None}, "output_mode": "json"}
    _, content = rest.simpleRequest(path, sessionKey, getargs=asked, raiseAllErrors=True)
    answer = json.loads(content)
    return answer if isinstance(answer, dict) else {}


def _entity(path: Any, entry: dict[str, Any], namespace: str | None, owner: str | None) -> Entity:
    access = entry.get("acl") or {}
    content = {name: _as_text(value) for name, value in (entry.get("content") or {}).items()}
    content["eai:acl"] = access
    found = Entity(
        path, str(entry.get("name", "")), content, access.get("app") or namespace, access.get("owner") or owner
    )
    found.id = str(entry.get("id", ""))
    found.updateTime = str(entry.get("updated", ""))
    found.links = [(str(rel), str(href)) for rel, href in (entry.get("links") or {}).items()]
    return found


def _as_text(value: Any) -> Any:
    """Values as the Atom feed has them, which these modules read: texts, lists, dictionaries."""
    if isinstance(value, bool):
        return "1" if value else "0"
    return value if value is None or isinstance(value, list | dict) else str(value)

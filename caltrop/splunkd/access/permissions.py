"""What a caller may do: capabilities of their roles, and access to objects."""

from __future__ import annotations

import re

from caltrop.splunkd.access.roles import Roles
from caltrop.splunkd.wire.atom import Acl
from caltrop.splunkd.wire.http import ApiError, Caller

ADMIN_CAPABILITY = "admin_all_objects"


class Permissions:
    """Answers from the roles as they are configured now."""

    def __init__(self, roles: Roles) -> None:
        self._roles = roles

    def capabilities(self, user: Caller) -> frozenset[str]:
        return self._roles.capabilities(user.roles)

    def is_admin(self, user: Caller) -> bool:
        return ADMIN_CAPABILITY in self.capabilities(user)

    def may_read(self, user: Caller, acl: Acl) -> bool:
        if acl.sharing == "user":
            return acl.owner == user.name or self.is_admin(user)
        read = acl.read or ()
        return "*" in read or self.is_admin(user) or not set(read).isdisjoint(self._roles.closure(user.roles))

    def may_write(self, user: Caller, acl: Acl) -> bool:
        if acl.owner == user.name or self.is_admin(user):
            return True
        write = acl.write or ()
        return acl.sharing != "user" and ("*" in write or not set(write).isdisjoint(self._roles.closure(user.roles)))

    def require(self, user: Caller, *capabilities: str) -> None:
        """Raises ApiError 403 unless the caller has one of the capabilities, if any are named, or is an administrator."""
        if capabilities and {*capabilities, ADMIN_CAPABILITY}.isdisjoint(self.capabilities(user)):
            raise _refused(user, " OR ".join(capabilities))

    def require_all(self, user: Caller, expression: str) -> None:
        """The same for capabilities joined by `and`, `or` and parentheses, as restmap.conf writes them; empty asks for none.

        An expression that cannot be read is held by administrators alone.
        """
        held = self.capabilities(user)
        if expression.strip() and ADMIN_CAPABILITY not in held and not _holds(expression, held):
            raise _refused(user, expression.strip())


def _refused(user: Caller, needed: str) -> ApiError:
    return ApiError(
        403,
        f"You (user={user.name}) do not have permission to perform this operation (requires capability: {needed}).",
    )


def _holds(expression: str, held: frozenset[str]) -> bool:
    """Whether the capabilities meet the expression: `and` binds closer than `or`. False for one that cannot be read."""
    words = re.findall(r"[()]|[^\s()]+", expression)

    def either() -> bool:
        found = both()
        while words and words[0].lower() == "or":
            words.pop(0)
            found = both() or found
        return found

    def both() -> bool:
        found = one()
        while words and words[0].lower() == "and":
            words.pop(0)
            found = one() and found
        return found

    def one() -> bool:
        word = words.pop(0) if words else ")"
        if word.lower() in {")", "and", "or"}:
            raise ValueError(expression)
        if word != "(":
            return word in held
        found = either()
        if not words or words.pop(0) != ")":
            raise ValueError(expression)
        return found

    try:
        return either() and not words
    except (ValueError, RecursionError):
        return False

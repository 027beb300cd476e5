"""Who may ask: users with scrypt-hashed passwords, session keys, and bearer tokens; kept in one file of the data directory.

Roles and what they may do are configuration (`authorize.conf`) and live in `roles.py`; this module knows only their names.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from caltrop import disk
from caltrop.splunkd.wire.http import ApiError

SESSION_SECONDS = 3600.0
# Whom the server itself acts as: no account, so nobody can log in as it, and it may do everything.
SYSTEM_USER = "splunk-system-user"
_COST = {"n": 2**13, "r": 8, "p": 1}


@dataclass(frozen=True, slots=True)
class Lockout:
    """What wrong passwords lead to, as `[splunk_auth]` of authentication.conf says it; times in seconds."""

    users: bool = True
    attempts: int = 5
    threshold: float = 300.0
    seconds: float = 1800.0


class User(msgspec.Struct):
    """One account. `roles` holds role names; `password` is `scrypt$<salt>$<digest>`, base64."""

    name: str
    password: str
    roles: list[str]
    realname: str = ""
    email: str = ""
    defaultApp: str = "search"
    tz: str = ""
    updated: float = 0.0


class Token(msgspec.Struct):
    """A bearer token of a user; only its digest is kept. `expires` is epoch seconds, 0 for never."""

    id: str
    digest: str
    user: str
    audience: str
    created: float
    expires: float = 0.0
    enabled: bool = True


class _File(msgspec.Struct):
    users: list[User] = []
    tokens: list[Token] = []


@dataclass(slots=True)
class _Session:
    user: str
    last_used: float


def hash_password(password: str, salt: bytes | None = None) -> str:
    salt = secrets.token_bytes(16) if salt is None else salt
    digest = hashlib.scrypt(password.encode(), salt=salt, **_COST)
    return f"scrypt${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


class Accounts:
    """Thread-safe. `path` is the file that keeps users and tokens; sessions live in memory and end with the process.

    `lockout` is asked at each login, so that a changed setting counts at once.
    """

    def __init__(
        self, path: Path, *, clock: Callable[[], float] = time.time, lockout: Callable[[], Lockout] = Lockout
    ) -> None:
        self._path = path
        self._lockout = lockout
        self._clock = clock
        self._lock = threading.RLock()
        self._sessions: dict[str, _Session] = {}
        # Basic authentication repeats the password with every request; scrypt once per password is enough. The key lives
        # as long as the process, so the cache holds nothing that can be read back.
        self._cache_key = secrets.token_bytes(32)
        self._verified: dict[str, bytes] = {}
        self._failures: dict[str, list[float]] = {}  # when wrong passwords came, by user
        self._logins: dict[str, float] = {}
        self._system = User(name=SYSTEM_USER, password="", roles=["admin"])
        loaded = msgspec.json.decode(path.read_bytes(), type=_File) if path.exists() else _File()
        self.users: dict[str, User] = {u.name: u for u in loaded.users}
        self.tokens: dict[str, Token] = {t.id: t for t in loaded.tokens}

    # -- users ---------------------------------------------------------------------------------------------------------

    def set_user(
        self, name: str, *, password: str | None = None, roles: Iterable[str] | None = None, **facts: str
    ) -> User:
        """Create the user or change the facts that are given. Names are lower case."""
        name = name.lower()
        with self._lock:
            user = self.users.get(name) or User(name=name, password="", roles=[])
            if password is not None:
                user.password = hash_password(password)
                self._verified[name] = self._mark(user, password)
            if roles is not None:
                user.roles = list(dict.fromkeys(roles))
            for key, value in facts.items():
                setattr(user, key, value)
            user.updated = self._clock()
            self.users[name] = user
            self._save()
            return user

    def remove_user(self, name: str) -> None:
        with self._lock:
            del self.users[name]
            self._verified.pop(name, None)
            self.tokens = {k: t for k, t in self.tokens.items() if t.user != name}
            self._sessions = {k: s for k, s in self._sessions.items() if s.user != name}
            self._save()

    def drop_role(self, role: str) -> None:
        """The role is gone: users lose it, and those who held no other are removed."""
        for user in list(self.users.values()):
            if role in user.roles:
                left = [r for r in user.roles if r != role]
                if left:
                    self.set_user(user.name, roles=left)
                else:
                    self.remove_user(user.name)

    def find(self, name: str) -> User | None:
        """The account of that name, the server's own among them; None for a name without an account."""
        return self._system if name == SYSTEM_USER else self.users.get(name)

    def check_password(self, name: str, password: str) -> User | None:
        """The user; None for a wrong password, and for any while the account is locked."""
        user = self.users.get(name.lower())
        if user is None:
            hash_password(password, b"the same work, user or not")
            return None
        if self.locked(user.name):
            return None
        found = self._check(user, password)
        with self._lock:
            if found is not None:
                self._failures.pop(user.name, None)
            else:
                now = self._clock()
                recent = [t for t in self._failures.get(user.name, ()) if now - t < self._lockout().threshold]
                self._failures[user.name] = [*recent, now]
        return found

    def locked(self, name: str) -> bool:
        """After so many wrong passwords in so short a time nobody gets in with one, for a while; sessions go on."""
        rule, failures = self._lockout(), self._failures.get(name, [])
        return rule.users and len(failures) >= rule.attempts and self._clock() - failures[-1] < rule.seconds

    def unlock(self, name: str) -> None:
        with self._lock:
            self._failures.pop(name, None)

    def _check(self, user: User, password: str) -> User | None:
        mac = self._mark(user, password)
        if hmac.compare_digest(mac, self._verified.get(user.name, b"")):
            return user
        _, salt, _ = user.password.split("$")
        if not hmac.compare_digest(hash_password(password, base64.b64decode(salt)), user.password):
            return None
        self._verified[user.name] = mac
        return user

    def _mark(self, user: User, password: str) -> bytes:
        """What is remembered of a password that is right."""
        return hmac.digest(self._cache_key, f"{user.name}\0{password}\0{user.password}".encode(), "sha256")

    # -- sessions and tokens -------------------------------------------------------------------------------------------

    def login(self, name: str, password: str) -> str:
        """A new session key (characters safe in a cookie), or 401."""
        user = self.check_password(name, password)
        if user is None:
            raise ApiError(401, "Login failed", "WARN")
        return self.open_session(user.name)

    def open_session(self, name: str) -> str:
        key = secrets.token_urlsafe(48)
        with self._lock:
            now = self._clock()
            self._logins[name] = now
            self._sessions = {k: s for k, s in self._sessions.items() if now - s.last_used < SESSION_SECONDS}
            self._sessions[key] = _Session(name, now)
        return key

    def last_login(self, name: str) -> float:
        """When a session of the user was last opened, since the server started; 0 for never."""
        return self._logins.get(name, 0.0)

    @contextmanager
    def session(self, name: str) -> Iterator[str]:
        """A session key that ends with the block: for what the server starts on a user's behalf."""
        key = self.open_session(name)
        try:
            yield key
        finally:
            self.close_session(key)

    def session_user(self, key: str) -> User | None:
        with self._lock:
            session = self._sessions.get(key)
            now = self._clock()
            if session is None or now - session.last_used >= SESSION_SECONDS:
                return None
            session.last_used = now
            return self.find(session.user)

    def sessions(self) -> dict[str, str]:
        """Session key -> user name."""
        with self._lock:
            return {key: s.user for key, s in self._sessions.items()}

    def close_session(self, key: str) -> None:
        with self._lock:
            self._sessions.pop(key, None)

    def close_all_sessions(self) -> None:
        with self._lock:
            self._sessions.clear()

    def create_token(self, user: str, audience: str, expires: float = 0.0) -> tuple[Token, str]:
        """A token and its secret, which is shown once."""
        secret = secrets.token_urlsafe(48)
        token = Token(
            id=secrets.token_hex(16),
            digest=_digest(secret),
            user=user,
            audience=audience,
            created=self._clock(),
            expires=expires,
        )
        with self._lock:
            self.tokens[token.id] = token
            self._save()
        return token, secret

    def remove_token(self, token_id: str) -> None:
        with self._lock:
            del self.tokens[token_id]
            self._save()

    def token_user(self, secret: str) -> User | None:
        digest = _digest(secret)
        with self._lock:
            for token in self.tokens.values():
                if hmac.compare_digest(token.digest, digest):
                    alive = token.enabled and (not token.expires or token.expires > self._clock())
                    return self.users.get(token.user) if alive else None
        return None

    def _save(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        data = msgspec.json.format(msgspec.json.encode(_File(list(self.users.values()), list(self.tokens.values()))))
        temporary = self._path.with_suffix(".tmp")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            disk.sync(file.fileno())
        temporary.replace(self._path)

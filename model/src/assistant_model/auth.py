"""Credentials for a registry: Basic as they are, or exchanged for a Bearer token that may only pull one repository.

They are read from files of a mounted Secret and go nowhere else: no message, log line or repr holds them.
"""

import base64
import json
import logging
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Self

import httpx

from assistant_model.outcome import ModelError, Reason
from assistant_model.transport import Transport

_MAX_CHALLENGE: Final = 8192
_MAX_TOKEN: Final = 1 << 20
_PARAMETER = re.compile(r'([A-Za-z_]+)\s*=\s*"([^"]*)"')
_VISIBLE = re.compile(r"[\x21-\x7e]{1,65536}", re.ASCII)

_log = logging.getLogger(__name__)

UNAUTHORIZED: Final = (
    "The registry refuses access to the model: check model.source.registry.credentialsSecretRef, or whether the model exists."
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user of a registry."""

    username: str
    password: str = field(repr=False)

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the entries of a kubernetes.io/basic-auth Secret; one line end at their end is taken for an editor's."""
        try:
            username, password = (
                folder.joinpath(name).read_text("utf-8").removesuffix("\n").removesuffix("\r") for name in ("username", "password")
            )
        except (OSError, UnicodeError) as error:
            raise ModelError(
                Reason.UNAUTHORIZED, "The Secret with the registry's credentials needs the entries username and password."
            ) from error
        if not username or ":" in username:
            raise ModelError(Reason.UNAUTHORIZED, "The username for the registry is empty or has a colon in it.")
        return cls(username=username, password=password)

    def basic(self) -> str:
        """Return the value of an Authorization header."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode("ascii")


class Authorizer:
    """Answers a registry's challenges for one repository."""

    def __init__(self, transport: Transport, repository: str, credentials: Credentials | None) -> None:
        self._transport = transport
        self._scope = f"repository:{repository}:pull"
        self._credentials = credentials
        self.header: str | None = None
        """What the next request sends; nothing until the registry asked for it."""

    def answer(self, response: httpx.Response) -> bool:
        """Act on a 401: returns whether a request with the new header is worth sending."""
        before = self.header
        challenge = ", ".join(response.headers.get_list("WWW-Authenticate"))[:_MAX_CHALLENGE]
        scheme = challenge.split(" ", 1)[0].lower()
        if scheme == "bearer":
            self.header = "Bearer " + self._token(response.url, dict(_PARAMETER.findall(challenge)))
        elif scheme == "basic" and self._credentials is not None:
            self.header = self._credentials.basic()
        return self.header is not None and self.header != before

    def _token(self, asked: httpx.URL, challenge: dict[str, str]) -> str:
        """Exchange the credentials, or nothing, for a token; the scope is ours, whatever the challenge asks for."""
        try:
            realm = asked.join(challenge.get("realm", "")).copy_merge_params({"scope": self._scope})
            if service := challenge.get("service"):
                realm = realm.copy_merge_params({"service": service})
        except (httpx.InvalidURL, ValueError, UnicodeError) as error:
            raise ModelError(Reason.UNAUTHORIZED, "The registry asks for a token from an address that is none.") from error
        if realm.host != asked.host:
            _log.info("asking another host for a token", extra={"host": realm.host[:253]})
        basic = self._credentials.basic() if self._credentials else None
        with self._transport.get(realm, {"Accept": "application/json"}, basic) as response:
            if response.status_code != 200:
                raise ModelError(Reason.UNAUTHORIZED, UNAUTHORIZED)
            body = self._transport.read(response, _MAX_TOKEN)
        return _read_token(body)


def _read_token(body: bytes) -> str:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        answer = None
    token = (answer.get("token") or answer.get("access_token")) if isinstance(answer, dict) else None
    if not isinstance(token, str) or not _VISIBLE.fullmatch(token):
        raise ModelError(Reason.UNAUTHORIZED, "The registry's token service gives no token.")
    return token

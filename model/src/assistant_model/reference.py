"""References of models, as Ollama spells them: `[[host/]namespace/]model[:tag]`.

The rules are those of Ollama's types/model/name.go, narrowed where a spelling that Ollama accepts would mean something else to us: no
scheme, no digest, no cloud models, no tag `local`, and a host that is a host name or an IPv4 address with an optional port. Every part
starts with a letter, digit or underscore, so no part is ever `.` or `..`: `manifest_path` stays below the models folder.

Neighbours: store.py (the folder in which the manifest lies), registry.py (the host that is asked). The operator imports this module alone.
"""

import ipaddress
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Self

DEFAULT_HOST: Final = "registry.ollama.ai"
DEFAULT_NAMESPACE: Final = "library"
DEFAULT_TAG: Final = "latest"

MAX_LENGTH: Final = 320
MAX_PART: Final = 80

_NAMESPACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]*", re.ASCII)
_MODEL_OR_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)
_HOST_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_PORT = re.compile(r"[1-9][0-9]{0,4}", re.ASCII)
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


class InvalidReferenceError(ValueError):
    """The text is no reference of a model that can be pulled and served here; the message says why and holds no more than the text."""


class CloudReferenceError(InvalidReferenceError):
    """The reference names a model that runs in somebody's cloud: prompts would leave the cluster."""


def is_cloud(text: str) -> bool:
    """Say whether Ollama would send requests for this model to a cloud: `name:cloud`, `name:size-cloud`, `name:size:cloud`."""
    _, colon, suffix = text.rpartition(":")
    suffix = suffix.strip().lower()
    return bool(colon) and "/" not in suffix and (suffix == "cloud" or suffix.endswith("-cloud"))


def is_digest(text: str) -> bool:
    """Say whether the text is a sha256 digest in the one spelling that is used everywhere: `sha256:` and 64 lower-case hex digits."""
    return _DIGEST.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Reference:
    """One model, with every part filled in, so that short and long spellings of one model are equal."""

    host: str
    """Host name or IPv4 address in lower case, with `:port` where one was given."""
    namespace: str
    model: str
    tag: str

    @classmethod
    @lru_cache(maxsize=256)  # the operator asks of one model a dozen times in a pass
    def parse(cls, text: str) -> Self:
        """Return the reference that the text spells; raises InvalidReferenceError."""
        if not text:
            raise InvalidReferenceError("the model's name is empty")
        if len(text) > MAX_LENGTH:
            raise InvalidReferenceError(f"the model's name is longer than {MAX_LENGTH} characters")
        if "://" in text:
            raise InvalidReferenceError("the model's name has a scheme: write host/namespace/model:tag without one")
        if "@" in text:
            raise InvalidReferenceError("the model's name has a digest: pin it in the field digest instead")
        if is_cloud(text):
            raise CloudReferenceError("the model runs in a cloud (:cloud): its prompts would leave the cluster")
        path, tag = _split_tag(text)
        parts = path.split("/")
        if len(parts) > 3:
            raise InvalidReferenceError("the model's name has more than three parts: write host/namespace/model:tag")
        defaults = [DEFAULT_HOST, DEFAULT_NAMESPACE]
        host, namespace, model = defaults[: 3 - len(parts)] + parts
        return cls(host=_host(host), namespace=_namespace(namespace), model=_part("model", model), tag=_tag(tag))

    @property
    def canonical(self) -> str:
        """The reference with every part: `registry.ollama.ai/library/gemma3:270m`."""
        return f"{self.host}/{self.namespace}/{self.model}:{self.tag}"

    @property
    def short(self) -> str:
        """The reference as Ollama lists it (/api/tags): without default host and namespace, always with the tag."""
        if self.host != DEFAULT_HOST:
            return self.canonical
        if self.namespace != DEFAULT_NAMESPACE:
            return f"{self.namespace}/{self.model}:{self.tag}"
        return f"{self.model}:{self.tag}"

    @property
    def repository(self) -> str:
        """The repository in the registry: `library/gemma3`."""
        return f"{self.namespace}/{self.model}"

    @property
    def manifest_path(self) -> str:
        """Where Ollama keeps the manifest, below its models folder."""
        return f"manifests/{self.host}/{self.namespace}/{self.model}/{self.tag}"

    @property
    def hostname(self) -> str:
        """The host without its port."""
        return self.host.partition(":")[0]

    @property
    def port(self) -> int | None:
        """The port, where the reference has one."""
        port = self.host.partition(":")[2]
        return int(port) if port else None

    @property
    def address(self) -> ipaddress.IPv4Address | None:
        """The host's address where it is written as one: there is nothing to resolve then."""
        try:
            return ipaddress.IPv4Address(self.hostname)
        except ValueError:
            return None

    def __str__(self) -> str:
        return self.short


def _split_tag(text: str) -> tuple[str, str]:
    """Cut the tag off: only a colon after the last slash begins one, an earlier one begins a port."""
    if text.rfind(":") <= text.rfind("/"):
        return text, DEFAULT_TAG
    path, _, tag = text.rpartition(":")
    return path, tag


def _host(text: str) -> str:
    """Return the host in lower case: names of hosts have no case, and Ollama finds its folder whatever the case."""
    host = text.lower()
    name, colon, port = host.partition(":")
    if not 1 <= len(name) <= 253 or not all(_HOST_LABEL.fullmatch(label) for label in name.split(".")):
        raise InvalidReferenceError("the host in the model's name is no host name and no IPv4 address")
    if colon and (not _PORT.fullmatch(port) or int(port) > 65535):
        raise InvalidReferenceError("the port in the model's name is no number from 1 to 65535")
    last = name.rsplit(".", 1)[-1]
    if last.isdigit() or last.startswith("0x"):
        # What ends in a number is an address to resolvers, in forms that policies would not recognise (2130706433, 0x7f.1, 127.1).
        try:
            ipaddress.IPv4Address(name)
        except ValueError as error:
            raise InvalidReferenceError("the host in the model's name ends in a number and is no IPv4 address") from error
    return host


def _namespace(text: str) -> str:
    if not _NAMESPACE.fullmatch(text) or len(text) > MAX_PART:
        hint = " (with a host, write host/namespace/model:tag)" if "." in text or ":" in text else ""
        raise InvalidReferenceError(
            f"the namespace in the model's name must be 1 to {MAX_PART} letters, digits, - and _, beginning with no -{hint}"
        )
    return text


def _part(what: str, text: str) -> str:
    if not _MODEL_OR_TAG.fullmatch(text) or len(text) > MAX_PART:
        raise InvalidReferenceError(
            f"the {what} in the model's name must be 1 to {MAX_PART} letters, digits, -, _ and ., beginning with no - or ."
        )
    return text


def _tag(text: str) -> str:
    if text.lower() == "local":
        # Ollama reads it as "not in the cloud", not as a tag: name:local is name:latest there.
        raise InvalidReferenceError("the tag local in the model's name has a meaning of its own to the model server: leave it out")
    return _part("tag", text)

"""Policy, keys and certificate, read at the start and again whenever their files change.

Files are polled: Kubernetes swaps mounted ConfigMaps and Secrets by a symbolic link, and looking at a handful of files costs less than
getting notifications right. What is invalid at the start ends the process; later it is reported, and the last good one stays in force.
"""

import asyncio
import hashlib
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pydantic

from assistant_gateway import logs, policy
from assistant_gateway.auth import OTHER, KeyFileError, KeyRing, other_file
from assistant_gateway.faults import FatalError
from assistant_gateway.metrics import Metrics
from assistant_gateway.policy import Policy
from assistant_gateway.protocol.certificates import CERTIFICATE, KEY, Certificates
from assistant_gateway.settings import Settings
from assistant_gateway.snapshot import Current, Snapshot

if TYPE_CHECKING:
    from assistant_gateway.snapshot import NamesOf

logger = logging.getLogger(__name__)


def read_snapshot(settings: Settings, names: "NamesOf | None" = None, before: Snapshot | None = None) -> Snapshot:
    """Return the files' policy and keys; raises FatalError. `names` and `before` as Snapshot.of() takes them."""
    try:
        parsed = policy.parse(settings.policy.read_bytes())
    except OSError as error:
        raise FatalError("PolicyInvalid", "The policy file cannot be read.") from error
    except pydantic.ValidationError as error:
        places = ", ".join(sorted({".".join(map(str, found["loc"])) or "the file" for found in error.errors(include_input=False)}))
        raise FatalError("PolicyInvalid", f"The policy file is not valid in: {places}.") from error
    try:
        keys = KeyRing.load(settings.keys, parsed.keys)
    except KeyFileError as error:
        raise FatalError("KeyMissing", str(error)) from error
    try:
        return Snapshot.of(parsed, keys, names, before)
    except ValueError as error:
        raise FatalError("PolicyInvalid", _why(error)) from error


def _why(error: ValueError) -> str:
    from assistant_gateway.redaction.detection.custom import PatternError  # loads what most assistants do without, in a process that ends

    return f"The policy's {error}." if isinstance(error, PatternError) else "A model of the policy is no model reference."


def _fixed(policy: Policy) -> tuple[object, ...]:
    """Return what a pod is made for: a policy with anything else here is another pod's."""
    return policy.model, policy.store, None if policy.rag is None else policy.rag.embedding, policy.redaction.names


class Watch:
    """Looks at the files and swaps what changed."""

    def __init__(
        self, settings: Settings, current: Current, certificates: Certificates, metrics: Metrics, names: "NamesOf | None" = None
    ) -> None:
        self._settings = settings
        self._names = names
        self._current = current
        self._certificates = certificates
        self._metrics = metrics
        self._stats: dict[Path, tuple[int, int, int] | None] = {}
        self._hashes: dict[Path, bytes] = {}
        self._changed()
        metrics.policy_generation.set(current.snapshot.policy.generation)
        metrics.certificate_end.set(certificates.end)

    async def watch(self, seconds: float) -> None:
        """Look for as long as the process lives."""
        while True:
            await asyncio.sleep(seconds)
            self.look()

    def look(self) -> None:
        """Take what changed since the last look into use, if it is valid."""
        changed = self._changed()
        if changed & {self._settings.tls / CERTIFICATE, self._settings.tls / KEY}:
            self._try("certificate", self._certificates.load)
            self._metrics.certificate_end.set(self._certificates.end)
        if changed - {self._settings.tls / CERTIFICATE, self._settings.tls / KEY}:
            self._try("policy", self._reload)

    def _try(self, what: str, load: Callable[[], None]) -> None:
        try:
            load()
        except FatalError as fault:
            self._metrics.reloads.labels(what, "rejected").inc()
            logger.error(  # noqa: TRY400  the reason says it all
                "A change was rejected; the last good one stays in force.",
                extra={"fields": {"what": what, "reason": fault.reason.reason, "detail": fault.reason.message}},
            )
        else:
            self._metrics.reloads.labels(what, "taken").inc()
            logger.info("A change was taken into use.", extra={"fields": {"what": what}})

    def _reload(self) -> None:
        snapshot = read_snapshot(self._settings, self._names, self._current.snapshot)
        running = self._current.snapshot.policy
        if _fixed(snapshot.policy) != _fixed(running):
            raise FatalError(
                "PolicyInvalid",
                "The policy is for other models, another store or another mode of names than this pod has; its own pod will serve it.",
            )
        if snapshot.policy.logging != running.logging:
            logs.configure(snapshot.policy.logging.level, snapshot.policy.logging.format)
        self._current.snapshot = snapshot
        self._metrics.policy_generation.set(snapshot.policy.generation)

    def _files(self) -> list[Path]:
        settings = self._settings
        names = [key.name for key in self._current.snapshot.policy.keys]
        keys = [settings.keys / name for name in names] + [other_file(settings.keys, name) for name in names]
        return [settings.policy, settings.tls / CERTIFICATE, settings.tls / KEY, *keys]

    def _changed(self) -> set[Path]:
        """Return the files whose content differs from the last look's; one that is needed and away for a moment has not changed."""
        changed = set()
        for path in self._files():
            try:
                stat = path.stat()
                seen: tuple[int, int, int] | None = (stat.st_mtime_ns, stat.st_ino, stat.st_size)
                if self._stats.get(path) == seen:
                    continue
                content = hashlib.sha256(path.read_bytes()).digest()
            except OSError:
                if path.suffix != OTHER:
                    continue
                seen, content = None, b""  # gone with the key that it held
            self._stats[path] = seen
            if self._hashes.get(path, b"" if path.suffix == OTHER else None) != content:
                self._hashes[path] = content
                changed.add(path)
        return changed

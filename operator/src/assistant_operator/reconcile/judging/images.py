"""Does a known vulnerability hold for what runs? The judgement behind ImagesUnaffected, which informs and holds nothing up.

Versions are read from the tags of the StatefulSets' images, and PostgreSQL's, of which pgvector's tags say the major one alone, from what
the gateways tell of their store. A tag that says no version, and an image that has none, leave it unknown. The table is in advisories.py.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from assistant_operator.reconcile.judging.advisories import Advisories, Advisory, Component, NoTable, Range, Table, Version
from assistant_operator.reconcile.judging.observed import Observed
from assistant_operator.reconcile.verdict import Verdict

MOST_NAMED = 4
_VERSION = re.compile(r"v?([0-9]{1,9}(?:\.[0-9]{1,9}){0,3})(?![0-9.])(-?(?:rc|alpha|beta|pre))?", re.ASCII)
_MAJOR = re.compile(r"(?:^|-)pg([0-9]{1,3})(?![0-9.])", re.ASCII)
_SEVERITIES = ("Critical", "High", "Medium", "Low", "Unrated")
_REMEDIES: Mapping[str, str] = {
    "gateway": "upgrade the operator (chart: image.gateway)",
    "ollama": "raise spec.model.image where it is set, else the operator's setting --ollama-image (chart: image.ollama)",
    "store": "raise the operator's setting --store-image (chart: image.store)",
}


class Running(NamedTuple):
    """A component that runs, and what is known of its version."""

    component: Component
    container: str
    image: str
    version: Version | None

    def __str__(self) -> str:
        return f"{self.image} ({self.component} {self.version})" if self.version else self.image


class Finding(NamedTuple):
    """A vulnerability of something that runs."""

    running: Running
    advisory: Advisory
    affected: Range

    def __str__(self) -> str:
        told = self.advisory
        return f"{self.running}: {told.id} ({told.severity}, fixed in {self.affected.below}): {told.summary}"


def judge_images(seen: Observed, advisories: Advisories) -> Verdict:
    """Return the verdict on the images of the assistant's pods."""
    if isinstance(advisories, NoTable):
        text = f"The installation's table of known vulnerabilities cannot be used, so none is known: {advisories.why}"
        return Verdict.unknown("TableInvalid", text)
    if not (found := running(seen)):
        return Verdict.unknown("NotCreated", "No pods are asked for yet.")
    if findings := _findings(found, advisories):
        return Verdict.settled("KnownVulnerability", _told(findings))
    if unread := [one for one in found if _is_unknown(one, advisories)]:
        return Verdict.unknown("VersionUnknown", _untold(unread))
    return Verdict.true("NoKnownVulnerability", f"The table of {advisories.updated} has no vulnerability of the images' versions.")


def running(seen: Observed) -> tuple[Running, ...]:
    """Return what runs, by the StatefulSets; nothing where there are none yet."""
    found: list[Running] = []
    for name, image in _images(seen.stateful_set):
        if name == "gateway":
            found.append(Running("gateway", name, image, version_of(image)))
        if name == "ollama":
            found.append(Running("ollama", name, image, version_of(image, "ollama")))
    for name, image in _images(seen.store.stateful_set if seen.store else None):
        if name == "store":
            found.append(Running("postgresql", name, image, _told_by_gateways(seen) or postgresql_of(image)))
            found.append(Running("pgvector", name, image, version_of(image, "pgvector")))
    return tuple(found)


def version_of(image: str, word: str = "") -> Version | None:
    """Return the version that the image's tag begins with; None where it does not, or where the image is of something else by its name."""
    name, tag = _name_and_tag(image)
    match = _VERSION.match(tag) if word in name else None
    return Version.of(match[1], is_early=match[2] is not None) if match else None


def postgresql_of(image: str) -> Version | None:
    """Return what the image says of PostgreSQL's version: the major one (0.8.2-pg18), or all of it where the image is PostgreSQL's own."""
    name, tag = _name_and_tag(image)
    if match := _MAJOR.search(tag):
        return Version.of(match[1])
    return version_of(image, "postgres") if "pgvector" not in name else None


def _name_and_tag(image: str) -> tuple[str, str]:
    """Return the last part of the repository's path and the tag, empty where there is none; a digest says no version."""
    reference = image.partition("@")[0]
    name, _, tag = reference.rpartition("/")[2].partition(":")
    return name.lower(), tag


def _told_by_gateways(seen: Observed) -> Version | None:
    told = (one.store.server for one in seen.told.values() if one.store is not None and one.store.server is not None)
    text = next(told, None)
    return Version.of(text) if text is not None else None


def _images(stateful_set: Mapping[str, Any] | None) -> Iterable[tuple[str, str]]:
    pod = ((stateful_set or {}).get("spec", {}).get("template") or {}).get("spec") or {}
    for container in (*(pod.get("initContainers") or ()), *(pod.get("containers") or ())):
        yield str(container.get("name", "")), str(container.get("image", ""))


def _findings(found: Iterable[Running], table: Table) -> list[Finding]:
    hits = (
        Finding(one, advisory, affected)
        for one in found
        if one.version is not None
        for advisory in table.of(one.component)
        if (affected := advisory.finds(one.version)) is not None
    )
    return sorted(hits, key=lambda hit: (_SEVERITIES.index(hit.advisory.severity), hit.advisory.id))


def _is_unknown(one: Running, table: Table) -> bool:
    """What the table has no word about need not be known."""
    known = table.of(one.component)
    return bool(known) and (one.version is None or any(advisory.may_find(one.version) for advisory in known))


def _told(findings: list[Finding]) -> str:
    remedies = dict.fromkeys(_REMEDIES[finding.running.container] for finding in findings)
    text = "; ".join(map(str, findings[:MOST_NAMED]))
    if (more := len(findings) - MOST_NAMED) > 0:
        text += f"; and {more} more"
    return f"To do: {'; '.join(remedies)}. {text}."


def _untold(unread: list[Running]) -> str:
    images = dict.fromkeys(f"{one.component} in {one.image}" for one in unread)
    return f"The version is not known of {', '.join(images)}: name an image whose tag begins with it."

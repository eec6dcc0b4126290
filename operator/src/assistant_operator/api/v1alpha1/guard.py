"""The same validation as at admission, run by the loop on every pass: admission may have been another version, or absent.

`guard` gives the typed spec or raises SpecInvalid, which the loop reports as Stalled. The faults are stable text without values, so that
they can stand in a condition: a value may be a secret that somebody pasted into the wrong field.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

import orjson
from pydantic import BaseModel, ValidationError

from assistant_operator.api.v1alpha1.patterns import refusal
from assistant_operator.api.v1alpha1.rules import RULES, Rule, Subject
from assistant_operator.api.v1alpha1.spec import PrivateAssistantSpec
from assistant_operator.api.v1alpha1.values import quantity, zone

_PATHS = frozenset(rule.path for rule in RULES)

MOST_FAULTS = 10
MOST_TEXT = 1024


class Fault(NamedTuple):
    """What is wrong with one field."""

    field: str
    message: str


class SpecInvalid(Exception):  # noqa: N818  # the word that stands in the condition's reason
    """The resource cannot be acted on until somebody edits it."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self.faults = faults[:MOST_FAULTS]
        text = "; ".join(f"{fault.field}: {fault.message}" for fault in self.faults)
        super().__init__(text if len(text) <= MOST_TEXT else text[: MOST_TEXT - 3] + "...")


def guard(body: Mapping[str, Any]) -> PrivateAssistantSpec:
    """Return the resource's spec, defaults filled in; raises SpecInvalid."""
    try:
        # As JSON, because strict validation of JSON knows lists and tuples as one: "3" is no number, and 1 is no true.
        spec = PrivateAssistantSpec.model_validate_json(orjson.dumps(body.get("spec")), strict=True)
    except ValidationError as error:
        details = error.errors(include_input=False, include_url=False, include_context=False)
        raise SpecInvalid(tuple(Fault(_field(detail["loc"]), _message(detail["type"], detail["msg"])) for detail in details)) from None
    subject = Subject(name=str(body.get("metadata", {}).get("name", "")), spec=spec)
    at = {path: tuple(parts(subject, path)) for path in _PATHS}
    faults = tuple(fault for rule in RULES for fault in _broken(rule, at[rule.path])) or _unusable(spec)
    if faults:
        raise SpecInvalid(faults)
    return spec


def guard_volume(spec: PrivateAssistantSpec, live: Mapping[str, Any] | None) -> None:
    """Compare the wanted volume with the live PersistentVolumeClaim, which cannot shrink or change its nature; raises SpecInvalid."""
    if live is not None and spec.model.source.claim is None:
        wanted = spec.model.storage
        _guard_claim("spec.model.storage", wanted.size, wanted.storage_class_name, wanted.access_modes, live)


def guard_store_volume(spec: PrivateAssistantSpec, live: Mapping[str, Any] | None) -> None:
    """Compare the managed store's volume with the live PersistentVolumeClaim in the same way; raises SpecInvalid."""
    wanted = spec.managed_store
    if live is not None and wanted is not None:
        _guard_claim("spec.store.managed", wanted.size, wanted.storage_class_name, None, live)


def _guard_claim(field: str, size: str, storage_class: str | None, modes: Collection[str] | None, live: Mapping[str, Any]) -> None:
    has = live.get("spec", {})
    amount, live_amount = quantity(size), quantity(str(has.get("resources", {}).get("requests", {}).get("storage", "0")))
    faults = []
    if amount is not None and live_amount is not None and amount < live_amount:
        faults.append(Fault(f"{field}.size", "must not be below the size of the live volume: volumes do not shrink; raise it"))
    if storage_class is not None and storage_class != has.get("storageClassName"):
        faults.append(Fault(f"{field}.storageClassName", "is not the live volume's class, which is immutable; set it back"))
    if modes is not None and set(modes) != set(has.get("accessModes", ())):
        faults.append(Fault(f"{field}.accessModes", "are not the live volume's modes, which are immutable; set them back"))
    if faults:
        raise SpecInvalid(tuple(faults))


def parts(subject: Subject, path: str) -> Iterator[tuple[str, Any]]:
    """Yield the parts of the resource at a rule's path, each with the path that says which one; absent parts are left out."""
    if path == "":
        yield "", subject
        return
    found: list[tuple[str, Any]] = [("spec", subject.spec)]
    for step in path.split(".")[1:]:
        found = [item for where, part in found for item in _step(where, part, step)]
    yield from found


def _step(where: str, part: BaseModel, step: str) -> Iterator[tuple[str, Any]]:
    name = step.removesuffix("[]")
    value = getattr(part, _attribute(type(part), name))
    if value is None:
        return
    if step.endswith("[]"):
        yield from ((f"{where}.{name}[{index}]", item) for index, item in enumerate(value))
    else:
        yield f"{where}.{name}", value


@cache
def _attribute(model: type[BaseModel], alias: str) -> str:
    return next(field for field, info in model.model_fields.items() if info.alias == alias)


def _broken(rule: Rule, found: Iterable[tuple[str, Any]]) -> Iterator[Fault]:
    for where, part in found:
        if not rule.holds(part):
            yield Fault(f"{where}{rule.field}".lstrip("."), rule.message)


def _unusable(spec: PrivateAssistantSpec) -> tuple[Fault, ...]:
    """Return the time zone that is none, or the first pattern that the gateway would refuse: what does not compile may take its time."""
    window = spec.maintenance.window
    if window is not None and zone(window.time_zone) is None:
        return (Fault("spec.maintenance.window.timeZone", "is no time zone that the operator knows: use an IANA name, as Europe/Berlin"),)
    refused = ((index, why) for index, pattern in enumerate(spec.redaction.patterns) if (why := refusal(pattern.expression)))
    return tuple(Fault(f"spec.redaction.patterns[{index}].expression", f"is refused: {why}") for index, why in islice(refused, 1))


def _field(location: tuple[int | str, ...]) -> str:
    """Return a pydantic location as a path; names of unknown fields are the author's text, hence cut and escaped."""
    text = "spec"
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else "." + ascii(step[:64])[1:-1]
    return text[:256]


def _message(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "is no field of a PrivateAssistant; correct its name or remove it"
    if kind == "missing":
        return "is required"
    return message[:1].lower() + message[1:256]

"""Rules that every status of a PrivateAssistant keeps: the twin of Flux's `runtime/conditions/check`.

    assert lint(assistant) == []

A status is in one of three states, told by Ready and the two abnormal-true conditions: at rest (neither), under way (Reconciling), stuck
(Stalled). The numbers are those of Flux's checks.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

PROMISES = ("ModelReady", "GatewayReady", "EgressConfined", "RedactionActive", "RetentionEnforced")
"""What every assistant promises; StoreReady is for those that keep something."""
KNOWN = ("Ready", "Reconciling", "Stalled", "StoreReady", *PROMISES)
REASON = re.compile(r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")
TIME = "%Y-%m-%dT%H:%M:%SZ"
MAX_MESSAGE = 32768


def lint(assistant: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the object's status; an empty list for nothing."""
    status = assistant.get("status") or {}
    generation = int(assistant["metadata"].get("generation", 0))
    found = {str(condition["type"]): condition for condition in status.get("conditions") or ()}
    evidence = ((assistant.get("spec") or {}).get("egress") or {}).get("evidence") or {}
    redaction = (assistant.get("spec") or {}).get("redaction") or {}
    is_off = (redaction.get("request") or {}).get("action") == "Off" and (redaction.get("response") or {}).get("action", "Off") == "Off"
    waited_for = {"StoreReady", *PROMISES} - ({"EgressConfined"} if evidence.get("mode") == "Reported" else set())
    waited_for -= {"RedactionActive"} if is_off else set()
    return [*_shape(status), *_together(found, status.get("observedGeneration"), generation, waited_for)]


def _shape(status: Mapping[str, Any]) -> list[str]:
    wrong: list[str] = []
    conditions = status.get("conditions") or ()
    types = [condition["type"] for condition in conditions]
    if len(types) != len(set(types)):
        wrong.append("a condition stands there twice")
    if types and types[0] != "Ready":
        wrong.append("Ready is not the first condition")
    for condition in conditions:
        name = condition["type"]
        if name not in KNOWN:
            wrong.append(f"{name} is no condition of this API")
        if condition["status"] not in ("True", "False", "Unknown"):
            wrong.append(f"{name} has the status {condition['status']}")
        if not REASON.match(condition.get("reason") or "") or not condition["reason"][0].isupper():
            wrong.append(f"{name} has no CamelCase reason: {condition.get('reason')!r}")
        if not condition.get("message") or len(condition["message"]) > MAX_MESSAGE:
            wrong.append(f"{name} has no message, or a book")
        if condition.get("observedGeneration") is None:
            wrong.append(f"{name} has no observedGeneration")
        try:
            datetime.strptime(condition["lastTransitionTime"], TIME)
        except (KeyError, ValueError):
            wrong.append(f"{name} has no lastTransitionTime in whole seconds")
    return wrong


def _together(found: Mapping[str, Mapping[str, Any]], observed: int | None, generation: int, waited_for: Collection[str]) -> list[str]:
    if "Ready" not in found:
        return ["2: Ready must always be there"]
    ready = found["Ready"]
    rules = {
        "1: Ready is True beside Reconciling or Stalled": ready["status"] == "True" and bool(found.keys() & {"Reconciling", "Stalled"}),
        "3: Reconciling, but Ready is True": "Reconciling" in found and ready["status"] == "True",
        "4: Stalled, but Ready is not False": "Stalled" in found and ready["status"] != "False",
        "5: both Reconciling and Stalled": {"Reconciling", "Stalled"} <= found.keys(),
        "6: observedGeneration is ahead of the generation": (observed or 0) > generation,
        "7: observedGeneration is behind, but Ready is True": ready["status"] == "True" and observed != generation,
        "8: a condition is of an older generation, but Ready is True": ready["status"] == "True"
        and any(condition.get("observedGeneration") != generation for condition in found.values()),
        "9: at rest or stuck, but observedGeneration is behind": "Reconciling" not in found and observed != generation,
        "10: Ready is Unknown, but nothing is under way": ready["status"] == "Unknown"
        and "Reconciling" not in found
        and ready["reason"] != "Suspended",
        "11: Reconciling or Stalled stand there without being True": any(
            found[name]["status"] != "True" for name in ("Reconciling", "Stalled") if name in found
        ),
        "12: Ready does not say what Stalled says": "Stalled" in found
        and (ready["reason"], ready["message"]) != (found["Stalled"]["reason"], found["Stalled"]["message"]),
        "13: Ready is True, but a promise is not": ready["status"] == "True"
        and any(found[name]["status"] != "True" for name in waited_for if name in found),
        "14: Ready is True without every promise": ready["status"] == "True" and not set(PROMISES) <= found.keys(),
        "15: nothing is kept in a store that is there, or something without a store": (
            found.get("RetentionEnforced", {}).get("reason") in ("NothingKept", "OnTime", "PurgeLate")
            and (found["RetentionEnforced"]["reason"] == "NothingKept") == ("StoreReady" in found)
        ),
        "16: redaction is not asked for and RedactionActive does not say so, or says so of what is": ready["status"] == "True"
        and "RedactionActive" in found
        and (found["RedactionActive"]["reason"] == "NotRequested") == ("RedactionActive" in waited_for),
    }
    return [rule for rule, broken in rules.items() if broken]

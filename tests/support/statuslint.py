"""Rules that every status of a PrivateAssistant keeps: the twin of Flux's `runtime/conditions/check`, and the API conventions' own.

    assert lint(assistant) == []                      one status, of an operator that has come to rest
    assert lint(assistant, is_settled=False) == []    one status, at any moment: also between an edit and the answer to it
    assert lint_history(versions) == []               every version that there was, in order: also how one follows the other

A status is in one of three states, told by Ready and the two abnormal-true conditions: at rest (neither), under way (Reconciling), stuck
(Stalled). The numbers are those of Flux's checks as far as they go (1 to 12), and go on with ours.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from assistant_operator.naming import FIELD_MANAGER
from tests.support.kstatus import Kstatus, kstatus

PROMISES = ("ModelReady", "GatewayReady", "EgressConfined", "RedactionActive", "RetentionEnforced")
"""What every assistant promises; StoreReady is for those that keep something."""
KNOWN = ("Ready", "Reconciling", "Stalled", "StoreReady", *PROMISES, "UpToDate", "ImagesUnaffected")
CAMEL_CASE = re.compile(r"^[A-Z][a-zA-Z0-9]*$")
"""Types and reasons are words for programs (API conventions, "Typical status properties")."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
MAX_MESSAGE = 32768
MAX_REASON = 1024
ENDS = (".", "…")
"""Of a message: a sentence, or one that was cut."""
OUTCOMES: Mapping[str, frozenset[Kstatus]] = {
    "Ready": frozenset({"Current"}),
    "Reconciling": frozenset({"InProgress"}),
    "Stalled": frozenset({"Failed"}),
}
"""What tools that know nothing of this API have to make of an assistant with this condition True."""

Conditions = Mapping[str, Mapping[str, Any]]


def lint(assistant: Mapping[str, Any], *, is_settled: bool = True) -> list[str]:
    """Return what is wrong with the object's status; an empty list for nothing. Settled: the operator has seen this generation."""
    status = assistant.get("status") or {}
    found = by_type(assistant)
    observed, generation = status.get("observedGeneration"), int(assistant["metadata"].get("generation", 0))
    wrong = [*_shape(status), *_together(found), *_generations(found, observed, generation)]
    if is_settled and "Ready" in found:
        wrong += [*_settled(found, observed, generation, _waited_for(assistant)), *_outcome(found, assistant)]
    return wrong


def lint_history(versions: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return what is wrong with the versions of one assistant, or of several, and with how each follows the one before.

    Those without a status, or with one that somebody else has written into, say what he likes: they are passed over.
    """
    wrong: list[str] = []
    before: dict[str, Mapping[str, Any]] = {}
    for version in versions:
        uid = str(version["metadata"].get("uid"))
        if not version.get("status") or is_of_others(version):
            before.pop(uid, None)
            continue
        wrong += lint(version, is_settled=False)
        if uid in before:
            wrong += follows(before[uid], version)
        before[uid] = version
    return wrong


def is_of_others(assistant: Mapping[str, Any]) -> bool:
    """Tell whether somebody besides the operator has set a field of the status."""
    managed = assistant["metadata"].get("managedFields") or ()
    return any(entry.get("subresource") == "status" and entry.get("manager") != FIELD_MANAGER for entry in managed)


def follows(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the step from one version of an assistant to the next one."""
    old, new = by_type(before), by_type(after)
    wrong: list[str] = []
    for name in sorted(old.keys() & new.keys()):
        is_same = old[name]["status"] == new[name]["status"]
        was, now = str(old[name].get("lastTransitionTime")), str(new[name].get("lastTransitionTime"))
        if is_same and was != now:
            wrong.append(f"20: {name} has a new lastTransitionTime and the old status")
        if now < was:  # both in UTC and of one length
            wrong.append(f"21: {name} has a lastTransitionTime before the one that it had")
        if int(new[name].get("observedGeneration") or 0) < int(old[name].get("observedGeneration") or 0):
            wrong.append(f"22: {name} speaks of an older generation than before")
    if _observed(after) < _observed(before):
        wrong.append("23: observedGeneration goes back")
    return wrong


def by_type(assistant: Mapping[str, Any]) -> Conditions:
    return {str(one["type"]): one for one in (assistant.get("status") or {}).get("conditions") or ()}


def _observed(assistant: Mapping[str, Any]) -> int:
    return int((assistant.get("status") or {}).get("observedGeneration") or 0)


def _waited_for(assistant: Mapping[str, Any]) -> Collection[str]:
    """Return the promises that Ready waits for, as the spec wants it."""
    spec = assistant.get("spec") or {}
    evidence = (spec.get("egress") or {}).get("evidence") or {}
    redaction = spec.get("redaction") or {}
    is_off = (redaction.get("request") or {}).get("action") == "Off" and (redaction.get("response") or {}).get("action", "Off") == "Off"
    waited_for = {"StoreReady", *PROMISES} - ({"EgressConfined"} if evidence.get("mode") == "Reported" else set())
    return waited_for - ({"RedactionActive"} if is_off else set())


def _shape(status: Mapping[str, Any]) -> list[str]:
    conditions = status.get("conditions") or ()
    types = [condition["type"] for condition in conditions]
    wrong = ["a condition stands there twice"] if len(types) != len(set(types)) else []
    if types and types[0] != "Ready":
        wrong.append("Ready is not the first condition")
    return [*wrong, *(problem for condition in conditions for problem in _condition(condition))]


def _condition(condition: Mapping[str, Any]) -> list[str]:
    name, reason = condition["type"], condition.get("reason") or ""
    rules = {
        f"{name} is no condition of this API": name not in KNOWN,
        f"{name} is no CamelCase type": not CAMEL_CASE.fullmatch(name),
        f"{name} has the status {condition['status']}": condition["status"] not in ("True", "False", "Unknown"),
        f"{name} has no CamelCase reason: {reason!r}": not CAMEL_CASE.fullmatch(reason) or len(reason) > MAX_REASON,
        f"{name} has no observedGeneration": condition.get("observedGeneration") is None,
        f"{name} has no lastTransitionTime in whole seconds": not _is_time(condition.get("lastTransitionTime")),
    }
    return [*(rule for rule, broken in rules.items() if broken), *_message(name, condition.get("message") or "")]


def _message(name: str, message: str) -> list[str]:
    rules = {
        f"{name} has no message, or a book": not message or len(message) > MAX_MESSAGE,
        f"{name} has space around its message": message != message.strip(),
        f"{name} has a message of several lines, or with what a terminal acts on": bool(message) and not message.strip().isprintable(),
        f"{name} has a message that is no sentence: {message!r}": bool(message) and not message.strip().endswith(ENDS),
    }
    return [rule for rule, broken in rules.items() if broken]


def _is_time(text: Any) -> bool:
    try:
        datetime.strptime(str(text), TIME)
    except ValueError:
        return False
    return True


def _together(found: Conditions) -> list[str]:
    """Return what is wrong at any moment: a status is written as a whole."""
    if "Ready" not in found:
        return ["2: Ready must always be there"]
    ready = found["Ready"]
    rules = {
        "1: Ready is True beside Reconciling or Stalled": ready["status"] == "True" and bool(found.keys() & {"Reconciling", "Stalled"}),
        "3: Reconciling, but Ready is True": "Reconciling" in found and ready["status"] == "True",
        "4: Stalled, but Ready is not False": "Stalled" in found and ready["status"] != "False",
        "5: both Reconciling and Stalled": {"Reconciling", "Stalled"} <= found.keys(),
        "10: Ready is Unknown, but nothing is under way": ready["status"] == "Unknown"
        and "Reconciling" not in found
        and ready["reason"] not in ("Suspended", "BeingDeleted"),
        "11: Reconciling or Stalled stand there without being True": any(
            found[name]["status"] != "True" for name in ("Reconciling", "Stalled") if name in found
        ),
        "12: Ready does not say what Stalled says": "Stalled" in found
        and (ready["reason"], ready["message"]) != (found["Stalled"]["reason"], found["Stalled"]["message"]),
        "14: Ready is True without every promise": ready["status"] == "True" and not set(PROMISES) <= found.keys(),
        "15: nothing is kept in a store that is there, or something without a store": (
            found.get("RetentionEnforced", {}).get("reason") in ("NothingKept", "OnTime", "PurgeLate")
            and (found["RetentionEnforced"]["reason"] == "NothingKept") == ("StoreReady" in found)
        ),
        "18: Ready does not say what Reconciling says": "Reconciling" in found and ready["message"] != found["Reconciling"]["message"],
    }
    return [rule for rule, broken in rules.items() if broken]


def _generations(found: Conditions, observed: int | None, generation: int) -> list[str]:
    told = [int(condition.get("observedGeneration") or 0) for condition in found.values()]
    rules = {
        "6: observedGeneration is ahead of the generation": (observed or 0) > generation,
        "19: a condition speaks of a generation that is not there yet": any(one > generation for one in told),
    }
    return [rule for rule, broken in rules.items() if broken]


def _settled(found: Conditions, observed: int | None, generation: int, waited_for: Collection[str]) -> list[str]:
    """Return what is wrong once the operator has answered to the generation."""
    ready = found["Ready"]
    is_true = ready["status"] == "True"
    rules = {
        "7: observedGeneration is behind, but Ready is True": is_true and observed != generation,
        "8: a condition is of an older generation, but Ready is True": is_true
        and any(condition.get("observedGeneration") != generation for condition in found.values()),
        "9: at rest or stuck, but observedGeneration is behind": "Reconciling" not in found and observed != generation,
        "13: Ready is True, but a promise is not": is_true and any(found[name]["status"] != "True" for name in waited_for if name in found),
        "16: redaction is not asked for and RedactionActive does not say so, or says so of what is": is_true
        and "RedactionActive" in found
        and (found["RedactionActive"]["reason"] == "NotRequested") == ("RedactionActive" in waited_for),
    }
    return [rule for rule, broken in rules.items() if broken]


def _outcome(found: Conditions, assistant: Mapping[str, Any]) -> list[str]:
    """Return where kstatus, by which Flux, Argo CD and `kubectl wait` decide, sees another state than the conditions tell."""
    if "deletionTimestamp" in assistant["metadata"]:
        return []
    seen = kstatus(assistant)
    is_true = {name for name in OUTCOMES if found.get(name, {}).get("status") == "True"}
    return [f"17: {name} is True, and kstatus sees {seen}" for name in sorted(is_true) if seen not in OUTCOMES[name]]

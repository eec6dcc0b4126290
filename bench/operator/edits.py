"""From a user's edit of an assistant to the edit of its child, alone and while many new assistants are applied."""

import time
from collections.abc import Callable, Sequence

from assistant_operator.kube.kinds import PRIVATE_ASSISTANT
from bench.operator import burst
from bench.operator.audit import Call
from bench.operator.figures import Figures
from bench.operator.rig import Operator, Place, apply_all, make_namespace

PAUSE = 0.2


def measure(where: Place, figures: Figures, assistants: int, edited: int) -> None:
    """Edit so many assistants one after the other, then again while so many new ones are applied."""
    for namespace in ("edited", "edits"):
        make_namespace(where.api, namespace)
    operator = Operator(where, "edited", "edits")
    apply_all(where.api, "edited", range(edited))
    where.audit.quiet()
    edit_all(where, edited, 8000)
    figures.latencies("CR edit to its child's edit, alone", latencies(where.audit.quiet(), edited))

    rounds = 0

    def edit_on() -> None:
        nonlocal rounds
        while rounds < 1 or (time.monotonic() - begun < assistants / 50 and rounds < 50):
            edit_all(where, edited, 9000 + rounds)
            rounds += 1

    begun = time.monotonic()
    found = burst.run(where, operator, "edits", range(assistants), beside=edit_on)
    during = [call for call in found.calls if call.namespace == "edited"]
    figures.latencies(f"CR edit to its child's edit, while {assistants} are applied at once", latencies(during, rounds * edited))
    figures.note("... and these in assistants a second meanwhile", found.rate)
    operator.stop()


def edit_all(where: Place, edited: int, port: int) -> None:
    """Let each assistant reach one port more: its NetworkPolicy changes."""
    for number in range(edited):
        allow = [{"cidr": "192.0.2.20/32", "ports": [{"port": port}]}]
        where.api.edit(PRIVATE_ASSISTANT, "edited", f"a{number}", {"spec": {"egress": {"mode": "Allowlist", "allow": allow}}})
        time.sleep(PAUSE)


def latencies(calls: Sequence[Call], expected: int) -> list[float]:
    """Return the seconds from the answer to each edit to the answer to the first apply of the policy after it."""
    edits = [call for call in calls if not call.is_operators and call.verb == "patch" and call.resource == "privateassistants"]
    assert len(edits) >= expected, (len(edits), expected)
    return [_first(calls, lambda call, edit=edit: _is_answer(call, edit)).answered - edit.answered for edit in edits]  # type: ignore[misc]


def _is_answer(call: Call, edit: Call) -> bool:
    is_apply = call.is_write and call.resource == "networkpolicies" and "force=true" in call.uri
    return is_apply and call.name == edit.name and call.answered > edit.begun


def _first(calls: Sequence[Call], is_wanted: Callable[[Call], bool]) -> Call:
    return min((call for call in calls if is_wanted(call)), key=lambda call: call.answered)

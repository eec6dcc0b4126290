"""Events of transitions: in which order `kubectl describe` shows them."""

from datetime import UTC, datetime, timedelta

from assistant_operator.api.v1alpha1.status import Condition
from assistant_operator.kube.objects import Object, name_of
from assistant_operator.reconcile.steps import events
from tests.support.fake_client import FakeClient

NOW = datetime(2026, 11, 30, 3, 1, 3, 283704, tzinfo=UTC)
ASSISTANT: Object = {"metadata": {"namespace": "team", "name": "a", "uid": "u"}}


def condition(kind: str) -> Condition:
    return Condition(
        type=kind, status="True", reason="Active", message="It is.", observed_generation=1, last_transition_time="2026-11-30T03:01:03Z"
    )


async def test_names_are_in_the_order_of_time() -> None:
    """kubectl describe sorts Events by a time that those of this API may not have: it shows them in the order of their names."""
    client = FakeClient()

    for moment in (NOW, NOW + timedelta(microseconds=5), NOW + timedelta(days=4000)):
        await events.tell(client, ASSISTANT, [condition("Ready"), condition("EgressConfined")], "operator-0", moment)

    by_name = sorted(client.objects.values(), key=name_of)
    assert [event["note"].split()[0] for event in by_name] == ["Ready", "EgressConfined"] * 3
    assert [event["eventTime"] for event in by_name] == sorted(event["eventTime"] for event in by_name)


def test_a_note_has_no_more_bytes_than_the_api_server_takes() -> None:
    """It counts bytes, and refuses the Event: what it said itself of somebody's words is in some messages, in whatever script these are."""
    told = condition("Ready").model_copy(update={"message": "ж" * 1024})

    note = events.event(ASSISTANT, told, "operator-0", NOW)["note"]

    assert len(note.encode()) <= 1024
    assert note == f"Ready is True: {'ж' * 504}"

"""Keys and certificates are made anew while clients call: nobody is refused, no stream is cut, and what was old counts no more."""

import base64
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from assistant_operator.naming import ANNOTATION_STAGED_AT, Names
from assistant_operator.reconcile.conditions import timestamp
from assistant_operator.reconcile.credentials.rotation import SPREAD
from tests.e2e.support.assistants import Assistants
from tests.e2e.support.calls import calling
from tests.e2e.support.kubectl import Kubectl, condition, until
from tests.e2e.support.shown import shown

NAME = "minimal"
ACCESS = {"limits": {"requestsPerMinute": 1_000_000}}
PROMPT = "Tell a long story about a lighthouse."


def test_keys_and_certificate_are_replaced_under_load(assistants: Assistants, kubectl: Kubectl) -> None:
    """One client calls with the old key over new connections, another streams answers, from before the first step until after the last."""
    assistants.ready(NAME, {"access": ACCESS})
    assistants.client(NAME)
    assistants.client(NAME, pod="caller")
    old, certificate = secret(kubectl, "default")["api-key"], shown(kubectl, NAME)

    with calling(assistants, NAME, "caller") as calls, streaming(assistants) as answers:
        now = timestamp(datetime.now(UTC))
        assistants.apply(NAME, {"access": ACCESS, "rotation": {"apiKeys": now, "certificates": now}})
        new = until("the next key is there", lambda: secret(kubectl, "default").get("other-api-key"), 60)
        assert secret(kubectl, "default")["api-key"] == old
        look_now(kubectl, "1")
        until("the gateway knows the next key", lambda: statuses(assistants, old, new) == [200, 200], 180)
        until("the gateway shows the new certificate", lambda: shown(kubectl, NAME) not in ("", certificate), 180)
        let_time_pass(kubectl)
        until("clients read the new key", lambda: secret(kubectl, "default") == {"api-key": new, "other-api-key": old}, 60)
        look_now(kubectl, "2")
        until("an answer was streamed", lambda: len(answers) > 1, 120)

    assistants.apply(NAME, {"access": ACCESS, "rotation": {"certificates": now, "apiKeyOverlap": "0s"}})
    until("the old key is gone", lambda: secret(kubectl, "default") == {"api-key": new}, 60)
    look_now(kubectl, "3")
    until("the old key is refused", lambda: statuses(assistants, old, new) == [401, 200], 180)
    assert calls.made > 20
    assert calls.failures == []
    assert all(answers)
    assert condition(kubectl.get("pa", NAME), "Ready")["status"] == "True"
    told = json.dumps([kubectl.get("pa", NAME), *kubectl.list("events", "")])
    assert old not in told
    assert new not in told


def secret(kubectl: Kubectl, key: str) -> dict[str, str]:
    data = kubectl.get("secret", Names(kubectl.namespace, NAME).key_secret(key))["data"]
    return {entry: base64.b64decode(value).decode() for entry, value in data.items()}


def let_time_pass(kubectl: Kubectl) -> None:
    """Set the time at which the next key was made back by as long as the operator waits, and let it look."""
    then = timestamp(datetime.now(UTC) - SPREAD - timedelta(seconds=1))
    kubectl.run("annotate", "--overwrite", "secret", Names(kubectl.namespace, NAME).key_secret("default"), f"{ANNOTATION_STAGED_AT}={then}")
    kubectl.run("annotate", "--overwrite", "pa", NAME, "example.test/look=again")


def look_now(kubectl: Kubectl, number: str) -> None:
    """Let the kubelet bring what the pod's Secrets hold now, and not within a minute."""
    kubectl.run("annotate", "--overwrite", "pod", f"{NAME}-0", f"example.test/look={number}")


def statuses(assistants: Assistants, *keys: str) -> list[int]:
    requests = [{"path": "/api/tags", "method": "GET", "key": key} for key in keys]
    return [answer["status"] for answer in assistants.send(*requests, name=NAME)]


@contextmanager
def streaming(assistants: Assistants) -> Iterator[list[str]]:
    """Let the SDK stream one answer after the other while the block runs; a stream that is cut raises at the end."""
    over, answers = threading.Event(), list[str]()

    def stream() -> None:
        while not over.is_set():
            answer: dict[str, Any] = assistants.ask("openai", PROMPT, name=NAME)
            answers.append(answer["streamed"])

    with ThreadPoolExecutor(1) as executor:
        running = executor.submit(stream)
        try:
            yield answers
        finally:
            over.set()
        running.result()

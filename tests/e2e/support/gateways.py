"""The gateways of an assistant with more than one, each asked by itself: what one has done, the other has to know."""

import http.client
import json
import os
import signal
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.e2e.support.assistants import MODEL, Assistants
from tests.e2e.support.kept import ask_pod
from tests.e2e.support.kubectl import KubectlError, until
from tests.e2e.support.traces import processes

COMMAND = "assistant_gateway"
OPS_PORT = 9090
PAGE = 100
"""As many items as one answer lists."""


def message(text: str) -> dict[str, str]:
    """Return a user's message, as an item of a conversation."""
    return {"type": "message", "role": "user", "content": text}


@dataclass(frozen=True)
class Gateway:
    """One pod, past the Service."""

    assistants: Assistants
    name: str
    number: int

    @property
    def pod(self) -> str:
        return f"{self.name}-{self.number}"

    def ask(self, key: str, path: str, body: Any = None, method: str = "POST") -> tuple[int, Any]:
        """Send a request with the key of this name; return status and answer."""
        request = {"path": path, "method": method} | ({} if body is None else {"body": body})
        return ask_pod(self.assistants, request, name=self.name, key=self.assistants.key(self.name, key), number=self.number)

    def begin(self, key: str, *texts: str, **more: Any) -> str:
        """Begin a conversation with these messages; return its id."""
        status, made = self.ask(key, "/v1/conversations", {"items": [message(text) for text in texts]} | more)
        assert status == 200, made
        identity: str = made["id"]
        return identity

    def texts(self, key: str, conversation: str) -> list[str] | None:
        """Return what the conversation's items say, the oldest first; None where there is no such conversation for the key."""
        found: list[str] = []
        after = ""
        while True:
            path = f"/v1/conversations/{conversation}/items?order=asc&limit={PAGE}{after}"
            status, answer = self.ask(key, path, method="GET")
            if status == 404:
                return None
            assert status == 200, answer
            found += [item["content"][0]["text"] for item in answer["data"]]
            if not answer["has_more"]:
                return found
            after = f"&after={answer['last_id']}"

    def chat(self, key: str, conversation: str, text: str) -> tuple[int, Any]:
        """Go on with the conversation."""
        body = {"model": MODEL, "max_tokens": 4, "conversation": conversation, "messages": [{"role": "user", "content": text}]}
        return self.ask(key, "/v1/chat/completions", body)

    def retention(self) -> dict[str, Any]:
        """Return what the gateway itself tells of its purges, now: the assistant's status has it up to a minute later."""
        found: dict[str, Any] = until("the gateway tells", self._retention, 30, 1)
        return found

    def _retention(self) -> dict[str, Any] | None:
        try:
            with (
                self.assistants.kubectl.forward(f"pod/{self.pod}", OPS_PORT) as port,
                urllib.request.urlopen(f"http://127.0.0.1:{port}/status", timeout=20) as answer,
            ):
                found: dict[str, Any] = json.load(answer)["retention"]
        except (OSError, http.client.HTTPException, KubectlError):  # a port-forward that broke
            return None
        return found

    def kill(self) -> None:
        """End its processes as a crash does: a pod that is deleted, even by force, has two seconds in which to finish requests."""
        found = [number for number, command in processes(self.assistants.kubectl, self.pod).items() if COMMAND in command]
        assert found
        for number in found:
            os.kill(number, signal.SIGKILL)

    def restarts(self) -> int:
        """Return how often its container was started again."""
        status = self.assistants.kubectl.get("pod", self.pod)["status"]
        return sum(found["restartCount"] for found in status["containerStatuses"] if found["name"] == "gateway")

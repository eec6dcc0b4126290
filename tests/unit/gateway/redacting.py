"""Assistants that redact, and a model server that says what it was told: whatever it was shown comes back in its answer."""

import asyncio
import json
from typing import Any, Final

from assistant_gateway.policy import PatternPolicy, Policy, RedactionPolicy, RequestRedaction, ResponseRedaction
from tests.unit.gateway.fake_ollama import MODEL, Asked, FakeOllama, Wire, compact, document
from tests.unit.gateway.running import make_policy

EMAIL: Final = "anna.weber@example.com"
CARD: Final = "4111 1111 1111 1111"
STAFF: Final = "STAFF-4711"
TEXT: Final = f"Write to {EMAIL} about card {CARD}, please."

GENERATING: Final = ("/api/chat", "/api/generate", "/v1/chat/completions", "/v1/completions")
EMBEDDING: Final = ("/api/embed", "/v1/embeddings")
PIECE: Final = 5
"""Characters of one event of a stream."""


def redacting(request: str = "Off", response: str = "Off", base: Policy | None = None, **more: Any) -> Policy:
    """Return a policy that redacts, with a pattern of its own."""
    redaction = RedactionPolicy(
        request=RequestRedaction.model_validate({"action": request}),
        response=ResponseRedaction.model_validate({"action": response}),
        patterns=(PatternPolicy(name="staff-id", expression=r"STAFF-[0-9]{4}"),),
        **more,
    )
    return (base or make_policy()).model_copy(update={"redaction": redaction})


def body_for(path: str, text: str = TEXT, **more: Any) -> dict[str, Any]:
    """Return a request that holds the text."""
    if path in EMBEDDING:
        return {"model": MODEL, "input": text} | more
    if path in ("/api/chat", "/v1/chat/completions"):
        return {"model": MODEL, "messages": [{"role": "user", "content": text}]} | more
    return {"model": MODEL, "prompt": text} | more


def said(path: str, answer: str, *, stream: bool) -> str:
    """Return the text that a client puts together from an answer."""
    lines = answer.splitlines() if stream else [answer]
    parsed = [json.loads(line.removeprefix("data: ")) for line in lines if line not in ("", "data: [DONE]")]
    return "".join(_text(path, one) for one in parsed)


def _text(path: str, one: dict[str, Any]) -> str:
    if path == "/api/generate":
        return str(one["response"])
    if path == "/api/chat":
        return str(one["message"].get("content") or "")
    found = ""
    for choice in one["choices"]:
        found += choice.get("text") or (choice.get("delta") or choice.get("message") or {}).get("content") or ""
    return found


def speak(fake: FakeOllama, text: str | None = None, *, heard: asyncio.Event | None = None) -> None:
    """Let the model say a text, the one that it was told last where there is none, in pieces where it streams.

    With `heard` its second half waits for that: a gateway that gets all at once may have nothing to pass on before it refuses.
    """

    async def script(asked: Asked, wire: Wire) -> None:
        whole = _told(asked.json) if text is None else text
        native = asked.path.startswith("/api/")
        if not asked.json.get("stream", native):
            answer = _native(asked.path, whole, done=True) if native else _openai(asked.path, whole, "message", "stop")
            await wire.raw(document(compact(answer)))
            return
        await wire.start()
        for at in range(0, len(whole), PIECE):
            if heard is not None and at > len(whole) // 2:
                await heard.wait()
            piece = whole[at : at + PIECE]
            one = _native(asked.path, piece, done=False) if native else _openai(asked.path, piece, "delta", None)
            await wire.chunk(_event(one, native))
        await wire.chunk(_event(_native(asked.path, "", done=True) if native else _openai(asked.path, "", "delta", "stop"), native))
        if not native:
            await wire.chunk(b"data: [DONE]\n\n")
        await wire.end()

    for path in GENERATING:
        fake.scripts[path] = script


def _told(request: dict[str, Any]) -> str:
    return str(request["messages"][-1]["content"] if "messages" in request else request["prompt"])


def _event(one: dict[str, Any], native: bool) -> bytes:
    return compact(one) + b"\n" if native else b"data: %s\n\n" % compact(one)


def _native(path: str, text: str, *, done: bool) -> dict[str, Any]:
    part = {"message": {"role": "assistant", "content": text}} if path == "/api/chat" else {"response": text}
    end = {"done_reason": "stop", "prompt_eval_count": 11, "eval_count": 2} if done else {}
    return {"model": MODEL, "created_at": "2026-11-24T23:14:58Z", **part, "done": done, **end}


def _openai(path: str, text: str, name: str, reason: str | None) -> dict[str, Any]:
    part: dict[str, Any] = {"text": text} if path == "/v1/completions" else {name: {"role": "assistant", "content": text}}
    choice = {"index": 0, **part, "finish_reason": reason}
    return {"id": "chatcmpl-1", "object": "chat.completion", "created": 1795562051, "model": MODEL, "choices": [choice]}

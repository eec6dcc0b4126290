"""Answers as Ollama 0.24 writes them (openai/openai.go, api/types.go) and as other OpenAI-compatible servers do: for frames and fields."""

import orjson

from tests.unit.gateway.redaction.pieces import call, choice, chunk, line

DONE = b"data: [DONE]\n\n"
USAGE = {"prompt_tokens": 11, "completion_tokens": 2, "total_tokens": 13}
COUNTS = {"total_duration": 5, "prompt_eval_count": 11, "eval_count": 2, "eval_duration": 3}

CHAT = b"".join([
    chunk(choice(content="Write to Xk")),
    chunk(choice(content="3-EM")),
    chunk(choice(content="AIL-1")),
    chunk(choice(content=" or é xk3_")),
    chunk(choice(content="email_1")),
    chunk(choice(content="", reason="stop")),
    chunk(usage=USAGE),
    DONE,
])  # fmt: skip

# Two answers at once; the second ends first; one is cut off by its length in the middle of a token.
TWO = b"".join([
    chunk(choice(content="Xk3"), choice(1, content="Hello Xk3-EMAIL-1")),
    chunk(choice(1, content="Xk3-")),
    chunk(choice(content="-EMAIL")),
    chunk(choice(1, reason="length")),
    chunk(choice(content="-1")),
    chunk(choice(content="!", reason="stop")),
    DONE,
])  # fmt: skip

THINKING = b"".join([
    chunk(choice(reasoning="They mean Xk3-EMAIL-1 or Xk3")),
    chunk(choice(content="Xk3-EMAIL")),
    chunk(choice(content="-1 ", reasoning="")),
    chunk(choice(content="x", reason="stop")),
    DONE,
])  # fmt: skip

TOOLS = b"".join([
    chunk(choice(tool_calls=[call('{"to": "Xk', name="mail", id="call_1"), call('{"who"', 1, name="look_up")])),
    chunk(choice(tool_calls=[call('3-EMAIL-1", "se\\u', 0)])),
    chunk(choice(tool_calls=[call(': ["Xk3-PASS', 1), call('00e9\\"cret": "Xk3-PASSWORD-1"}', 0)])),
    chunk(choice(tool_calls=[call('WORD-1"]}', 1)])),
    chunk(choice(reason="tool_calls")),
    DONE,
])  # fmt: skip

COMPLETIONS = b"".join([
    chunk({"index": 0, "text": "Xk3-EMAIL", "finish_reason": None}),
    chunk({"index": 0, "text": "-1", "finish_reason": None, "logprobs": {"tokens": ["-1"], "token_logprobs": [-0.1]}}),
    chunk({"index": 0, "text": "", "finish_reason": "stop"}),
    DONE,
])  # fmt: skip

# No end: a model that repeats itself is cut off without a finish_reason (or the model server dies).
BROKEN_OFF = chunk(choice(content="Xk3-EMAIL-1")) + chunk(choice(1, content="Xk3-EM"))

ERROR = b"".join([
    chunk(choice(content="Xk3-EMAIL-1")),
    b'data: {"error":{"message":"Xk3-EMAIL-1 is odd","type":"api_error","param":null,"code":null}}\n\n',
])  # fmt: skip

# Everything that server-sent events allow.
ODD = b"".join([
    b": keep-alive Xk3-EMAIL-1\r\n\r\n",
    b"event: message\r\nid: 7\r\n" + chunk(choice(content="Xk3-EMAIL-1 ")).replace(b"\n\n", b"\r\n\r\n"),
    chunk(choice(content="Xk3-")).replace(b"\n\n", b"\r\r"),
    b'data:{"choices":[{"index":0,\ndata: "delta":{"content":"EMAIL-1"}}]}\n\n',
    b"\n\nretry: 10\n\n",
    chunk({"index": 0, "delta": {}, "finish_reason": "stop"}),
    b"data: [DONE]\r\n\r\n",
])  # fmt: skip

OLLAMA_CHAT = b"".join([
    line(message={"role": "assistant", "content": "", "thinking": "Xk3-EMAIL-1, no: Xk3"}, done=False),
    line(message={"role": "assistant", "content": "Xk3-"}, done=False),
    line(message={"role": "assistant", "content": "EMAIL"}, done=False, logprobs=[{"token": "EMAIL", "logprob": -0.1}]),
    line(message={"role": "assistant", "content": "-1"}, done=False),
    line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", **COUNTS),
])  # fmt: skip

OLLAMA_TOOLS = b"".join([
    line(
        message={
            "role": "assistant",
            "content": "Xk3",
            "tool_calls": [{"id": "call_1", "function": {"index": 0, "name": "mail", "arguments": {"type": "Xk3-EMAIL-1", "n": 4711000}}}],
        },
        done=False,
    ),
    line(message={"role": "assistant", "content": ""}, done=True, done_reason="stop", **COUNTS),
])  # fmt: skip

OLLAMA_GENERATE = b"".join([
    line(response="Xk3-EMA", done=False),
    line(response="IL-1", done=False).replace(b"\n", b"\r\n"),
    line(response="", done=True, done_reason="stop", context=[1, 2, 3], **COUNTS),
])  # fmt: skip

OLLAMA_BROKEN_OFF = line(message={"role": "assistant", "content": "Xk3-EMAIL-1"}, done=False)

OLLAMA_ERROR = OLLAMA_BROKEN_OFF + b'{"error":"Xk3-EMAIL-1 is odd"}\n'

OPENAI_STREAMS = {
    "chat": CHAT, "two": TWO, "thinking": THINKING, "tools": TOOLS, "completions": COMPLETIONS, "broken off": BROKEN_OFF, "error": ERROR,
    "odd": ODD,
}  # fmt: skip
OLLAMA_STREAMS = {
    "chat": OLLAMA_CHAT, "tools": OLLAMA_TOOLS, "generate": OLLAMA_GENERATE, "broken off": OLLAMA_BROKEN_OFF, "error": OLLAMA_ERROR,
}  # fmt: skip
STREAMS = [
    *(("openai", name, stream) for name, stream in OPENAI_STREAMS.items()),
    *(("ollama", name, stream) for name, stream in OLLAMA_STREAMS.items()),
]

_CALLS = [{"id": "Xk3-EMAIL-1", "type": "function", "function": {"name": "f", "arguments": '{"a": "Xk3-PASSWORD-1"}'}}]
DOCUMENT = orjson.dumps({
    "id": "Xk3-EMAIL-1",
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Xk3-EMAIL-1 and Xk3-EMA"},
            "finish_reason": "stop",
            "logprobs": {"content": []},
        },
        {"index": 1, "message": {"role": "assistant", "content": None, "tool_calls": _CALLS}, "finish_reason": None},
    ],
    "usage": USAGE,
})  # fmt: skip
OLLAMA_DOCUMENT = line(message={"role": "assistant", "content": "Xk3-EMAIL-1", "thinking": "Xk3-EMAIL-1 x"}, done=True, **COUNTS)

"""Ollama's log lines: which are let through, as what, and that none carries text of a request."""

import json
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant_gateway.runtime_shapes import Shaped, shape

SESSION = Path(__file__).with_name("ollama-v0.24.0.log")
"""All that Ollama v0.24.0 wrote from its start to its end, with requests and failures in between; paths shortened."""
TIME = "time=2026-11-24T23:14:57.385Z"
INFO, WARNING, ERROR, DEBUG = logging.INFO, logging.WARNING, logging.ERROR, logging.DEBUG


@pytest.mark.parametrize(
    ("line", "shaped"),
    [
        (
            f'{TIME} level=INFO source=sched.go:561 msg="loaded runners" count=1',
            Shaped(INFO, "loaded runners", {"source": "sched.go:561", "count": "1"}),
        ),
        (
            f'{TIME} level=INFO source=server.go:532 msg="loading model" "model layers"=31 requested=-1',
            Shaped(INFO, "loading model", {"source": "server.go:532", "model_layers": "31", "requested": "-1"}),
        ),
        (
            f'{TIME} level=INFO source=device.go:245 msg="model weights" device=CPU size="92.1 MiB"',
            Shaped(INFO, "model weights", {"source": "device.go:245", "device": "CPU", "size": "92.1 MiB"}),
        ),
        (
            f'{TIME} level=INFO source=routes.go:1864 msg="Listening on 127.0.0.1:11434 (version 0.24.0)"',
            Shaped(INFO, "listening", {"source": "routes.go:1864", "version": "0.24.0"}),
        ),
        (
            f'{TIME} level=INFO source=routes.go:1802 msg="server config" env="map[HTTPS_PROXY:http://user:CANARY@proxy]"',
            Shaped(INFO, "server config", {"source": "routes.go:1802"}),
        ),
        (
            f'{TIME} level=WARN source=types.go:992 msg="invalid option provided" option=CANARY',
            Shaped(WARNING, "invalid option provided", {"source": "types.go:992"}),
        ),
        (
            f'{TIME} level=ERROR source=server.go:1 msg="llama runner terminated" error="exit status 2: CANARY"',
            Shaped(ERROR, "llama runner terminated", {"source": "server.go:1"}),
        ),
        (f'{TIME} level=INFO source=canary.go:1 msg="starting runner" cmd="ollama runner --port 1"', Shaped(INFO, "starting runner", {})),
        (
            '[GIN] 2026/11/24 - 23:15:04 | 200 |  7.014689366s |       127.0.0.1 | POST     "/api/generate"',
            Shaped(DEBUG, "access", {"method": "POST", "route": "/api/generate", "status": 200, "duration": "7.014689366s"}),
        ),
        (
            '[GIN] 2026/11/24 - 23:15:04 | 404 |     349.606µs |       127.0.0.1 | GET      "/CANARY?q=CANARY"',
            Shaped(INFO, "access", {"method": "GET", "route": "unknown", "status": 404, "duration": "349.606us"}),
        ),
        (
            '[GIN] 2026/11/24 - 23:15:04 | 500 |          1m2s |       127.0.0.1 | POST     "/api/chat?q=CANARY"',
            Shaped(INFO, "access", {"method": "POST", "route": "/api/chat", "status": 500, "duration": "1m2s"}),
        ),
        ("print_info: file size   = 92.10 MiB (5.74 BPW) ", Shaped(INFO, "llama", {"file_size": "92.10 MiB"})),
        ("llama_context: n_ctx         = 2048", Shaped(INFO, "llama", {"n_ctx": "2048"})),
        (
            "load_tensors:          CPU model buffer size =    92.10 MiB",
            Shaped(INFO, "llama buffer", {"device": "CPU", "buffer": "model", "size": "92.10 MiB"}),
        ),
        ("load_tensors: offloaded 30/31 layers to GPU", Shaped(INFO, "offloaded layers to GPU", {"offloaded": "30", "layers": "31"})),
        ("panic: CANARY", Shaped(ERROR, "the model server panicked")),
        ("fatal error: CANARY", Shaped(ERROR, "the model server's runtime ended it")),
        ("SIGSEGV: segmentation violation", Shaped(ERROR, "the model server was ended by a signal")),
        ('/src/ml/backend/ggml/ggml/src/ggml.c:123: GGML_ASSERT("CANARY") failed', Shaped(ERROR, "ggml gave up", {"source": "ggml.c:123"})),
    ],
)
def test_these_lines_become_these(line: str, shaped: Shaped) -> None:
    assert shape(line.encode()) == shaped


@pytest.mark.parametrize(
    "line",
    [
        "",
        "CANARY",
        '{"message": "CANARY"}',
        f'{TIME} level=INFO source=sched.go:561 msg="CANARY" count=1',
        f"{TIME} level=INFO source=sched.go:561 msg=CANARY",
        f'{TIME} level=DEBUG source=sched.go:561 msg="loaded runners" count=1',
        f'{TIME} level=TRACE source=routes.go:1 msg="chat request" prompt="CANARY"',
        f'{TIME} level=WARN source=harmonyparser.go:122 msg="harmony parser: found message start tag" content=CANARY',
        f'{TIME} level=WARN source=gemma4.go:321 msg="gemma4 tool call parsing failed" error=x content=CANARY',
        f'{TIME} level=INFO source=sched.go:561 msg="loaded runners CANARY" count=1',
        f'{TIME} level=INFO source=sched.go:561 msg="loaded runners"CANARY',
        f'CANARY {TIME} level=INFO source=sched.go:561 msg="loaded runners" count=1',
        'time=CANARY level=INFO source=sched.go:561 msg="loaded runners" count=1',
        '[GIN] 2026/11/24 - 23:15:04 | 200 | CANARY | 127.0.0.1 | POST "/api/chat"',
        "[GIN] CANARY",
        "print_info: general.name     = CANARY",
        "print_info: n_vocab = CANARY",
        "llama_context: CANARY = 1",
        "load_tensors:       CANARY model buffer size =    92.10 MiB",
        "llama_model_loader: - kv 2: general.name str = CANARY",
        "canary-words.c:1: GGML_ASSERT failed",
        "SIGNIFICANT: CANARY",
    ],
)
def test_these_lines_are_dropped(line: str) -> None:
    assert shape(line.encode()) is None


@pytest.mark.parametrize(
    "attributes",
    [
        "count=4111111111111111",
        'count="1 CANARY"',
        "count=CANARY",
        'size="CANARY MiB"',
        "device=CANARY",
        "canary=1",
        '"count"=',
        'x="\\" count=12"',
    ],
)
def test_attributes_that_leave_room_for_text_are_left_out(attributes: str) -> None:
    shaped = shape(f'{TIME} level=INFO source=sched.go:561 msg="loaded runners" {attributes}'.encode())

    assert shaped is not None
    assert shaped.fields == {"source": "sched.go:561"}


TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
WORDS = st.tuples(TEXT, TEXT).map("CANARY".join)


@given(WORDS)
def test_no_words_survive_wherever_they_stand(words: str) -> None:
    """Every place of every known shape, filled with text: what comes out is made of constants and small values."""
    quoted = json.dumps(words)
    for template in (
        '{t} level=INFO source={w}:1 msg="loaded runners" count=1',
        "{t} level=ERROR source=server.go:1 msg={q}",
        "{t} level=ERROR source=server.go:1 msg={w}",
        '{t} level=ERROR source=server.go:1 msg="loaded runners" count={w} {w}=1 size={q} device={q} {q}={q}',
        '[GIN] 2026/11/24 - 23:15:04 | 200 | 1s | 127.0.0.1 | POST "{w}"',
        "[GIN] {w}",
        "panic: {w}",
        "{w}: GGML_ASSERT",
        "{w}/ggml.c:1: {w}",
        "print_info: {w} = {w}",
        "{w}",
    ):
        shaped = shape(template.format(t=TIME, w=words, q=quoted).encode())
        assert shaped is None or "CANARY" not in repr(shaped)


@given(st.binary(max_size=300))
def test_no_bytes_crash_it(line: bytes) -> None:
    shape(line)


def test_of_a_real_session_the_useful_lines_pass() -> None:
    """A new version of Ollama that says other things shows here first: record a session anew and compare."""
    lines = SESSION.read_bytes().splitlines()
    passed = [shaped for line in lines if (shaped := shape(line))]
    counted = {shaped.message for shaped in passed}

    assert counted >= {
        "listening",
        "Ollama cloud disabled",
        "system memory",
        "loading model",
        "llama runner started",
        "access",
        "llama buffer",
    }
    assert counted >= {"invalid option provided", "loaded runners", "total memory", "vram-based default context"}
    assert len(passed) > 60
    assert b"CANARY" in SESSION.read_bytes()
    assert not any("CANARY" in repr(shaped) for shaped in passed)

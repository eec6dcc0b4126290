"""The shapes of the model server's log lines that are let through: an allow-list, written against Ollama v0.24.0.

A line is never passed on: its shape is recognised, and a new line is made of constants from this file and of values whose type leaves no
room for text (small numbers, sizes, durations, versions, places in Go files). So a prompt that the model server logs, in whatever form,
cannot become part of what the gateway writes; at worst a line is missing. Lines that look different, of other versions too, are dropped.
"""

import logging
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from assistant_gateway.record import UNKNOWN
from assistant_gateway.routes import TABLE


@dataclass(frozen=True, slots=True)
class Shaped:
    """What is logged in a line's place."""

    level: int
    message: str
    fields: dict[str, Any] = field(default_factory=dict)


def shape(line: bytes) -> Shaped | None:
    """Return what may be logged of the line; None drops it."""
    try:
        text = line.replace(b"\xc2\xb5s", b"us").decode("ascii").rstrip("\r")
    except UnicodeDecodeError:
        return None
    for begins, read in _READERS:
        if text.startswith(begins):
            return read(text)
    return None


# Go's slog: time=... level=INFO source=sched.go:561 msg="loaded runners" count=1

_TOKEN = r'(?:"(?:[^"\\]|\\.)*"|[^\s"=]*)'  # noqa: S105 - a token of a log line
_SLOG = re.compile(
    rf"time=[0-9T:.Z+-]{{20,35}} level=(INFO|WARN|ERROR) source=([a-z0-9_]{{1,40}}\.go):([0-9]{{1,5}}) msg=({_TOKEN})((?: .*)?)"
)
_PAIR = re.compile(rf" ({_TOKEN})=({_TOKEN})(?= |\Z)")
_LEVELS: Final = {"INFO": logging.INFO, "WARN": logging.WARNING, "ERROR": logging.ERROR}

_NUMBER = re.compile(r"-?[0-9]{1,7}(?:\.[0-9]{1,4})?")
_SIZE = re.compile(r"[0-9]{1,4}(?:\.[0-9])? (?:B|[KMGT]i?B)")
_DURATION = re.compile(r"(?:[0-9]{1,3}h)?(?:[0-9]{1,2}m)?[0-9]{1,4}(?:\.[0-9]{1,9})?(?:ns|us|ms|s)")
_DEVICE = re.compile(r"cpu|CPU|(?:CUDA|ROCm|Vulkan|Metal|HIP)(?:[0-9]{1,2})?")

SOURCES: Final = frozenset(
    f"{name}.go"
    for name in ("cache", "device", "ggml", "gpu", "images", "manifest", "memory", "prompt", "routes", "runner", "sched", "server", "types")
)

MESSAGES: Final = frozenset(
    {
        "aborting completion request due to client closing the connection",
        "aborting embedding request due to client closing the connection",
        "aborting embeddings request due to client closing the connection",
        "bad manifest",
        "bad manifest config",
        "bad manifest filepath",
        "bad manifest name",
        "chat prompt error",
        "client connection closed before server finished loading, aborting load",
        "compute graph",
        "corrupt manifests detected, skipping prune operation.  Re-pull or delete to clear",
        "couldn't open model file",
        "discovering available GPUs...",
        "do load request",
        "embedding model detected, setting batch size to context length",
        "enabling flash attention",
        "error loading llama server",
        "error looking up system memory",
        "error reading tensor",
        "failed to commit memory for model",
        "failed to create server",
        "failed to initialize ggml backend device",
        "failed to load model metadata",
        "failed to send request",
        "failure during GPU discovery",
        "file open error",
        "file read error",
        "flash attention enabled but not supported by gpu",
        "flash attention enabled but not supported by model",
        "gpu memory",
        "inference compute",
        "invalid option provided",
        "kv cache",
        "kv cache type not supported by model",
        "llama runner process no longer running",
        "llama runner terminated",
        "Load failed",
        "loaded runners",
        "loading model",
        "memory layout cannot be allocated",
        "model is too large for system memory",
        "model layout did not fit, applying backoff",
        "model missing blk.0 layer size",
        "model request too large for system",
        "model requires more gpu memory than is currently available, evicting a model to make space",
        "model requires more system memory than is currently available, evicting a model to make space",
        "model template contains errors",
        "model was still loaded",
        "model weights",
        "offloading output layer to CPU",
        "offloading output layer to GPU",
        "post predict",
        "predicted usage exceeds VRAM",
        "quantized kv cache requested but flash attention disabled",
        "requested context size too large for model",
        "server config",
        "starting go runner",
        "starting ollama engine",
        "starting runner",
        "system memory",
        "total memory",
        "truncating input prompt",
        "unable to refresh free memory, using old values",
        "unexpected nil runner reference, memory prediction may be incorrect",
        "unsupported OLLAMA_KV_CACHE_TYPE",
        "vram-based default context",
        "waiting for llama runner to start responding",
        "waiting for server to become available",
    }
)
"""Messages that are constants in Ollama's source: v0.24.0, server/ llm/ ml/ runner/ discover/ manifest/."""

_FORMATTED: Final = (
    (re.compile(r"Listening on [0-9.:\[\]]{3,45} \(version ([0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3})\)"), "listening", ("version",)),
    (re.compile(r"Server listening on [0-9.:]{3,21}"), "runner listening", ()),
    (re.compile(r"Ollama cloud disabled: (true|false)"), "Ollama cloud disabled", ("disabled",)),
    (re.compile(r"llama runner started in ([0-9]{1,5}\.[0-9]{2}) seconds"), "llama runner started", ("seconds",)),
    (re.compile(r"offloaded ([0-9]{1,4})/([0-9]{1,4}) layers to GPU"), "offloaded layers to GPU", ("offloaded", "layers")),
    (re.compile(r"total blobs: ([0-9]{1,6})"), "total blobs", ("count",)),
)

_ATTRIBUTES: Final[dict[str, re.Pattern[str]]] = {
    **dict.fromkeys(("count", "model layers", "requested", "num_ctx", "n_ctx_train", "limit", "prompt", "keep", "new"), _NUMBER),
    **dict.fromkeys(("batch_size", "default_num_ctx", "loaded layers", "backoff"), _NUMBER),
    **dict.fromkeys(("size", "total", "free", "free_swap", "available", "minimum", "overhead", "total_vram", "required"), _SIZE),
    **dict.fromkeys(("elapsed", "wait"), _DURATION),
    **dict.fromkeys(("device", "library"), _DEVICE),
}
"""Attributes by name: what their value must look like, as a whole."""


def _slog(text: str) -> Shaped | None:
    found = _SLOG.fullmatch(text)
    if found is None:
        return None
    level, source, number, message, rest = found.groups()
    message = _unquote(message)
    fields: dict[str, Any] = {"source": f"{source}:{number}"} if source in SOURCES else {}
    if message in MESSAGES:
        for name, value in _PAIR.findall(rest):
            pattern = _ATTRIBUTES.get(_unquote(name))
            if pattern is not None and pattern.fullmatch(_unquote(value)):
                fields[_unquote(name).replace(" ", "_")] = _unquote(value)
        return Shaped(_LEVELS[level], message, fields)
    for pattern, constant, names in _FORMATTED:
        if values := pattern.fullmatch(message):
            return Shaped(_LEVELS[level], constant, fields | dict(zip(names, values.groups(), strict=True)))
    return None


def _unquote(token: str) -> str:
    return token[1:-1] if token.startswith('"') else token


# gin's access log: [GIN] 2026/11/24 - 23:15:04 | 200 |  7.014689366s |       127.0.0.1 | POST     "/api/generate"

_GIN = re.compile(
    r"\[GIN\] [0-9/]{10} - [0-9:]{8} \| *([0-9]{3}) \| *([0-9.hmsnu]{2,24}) \| *[0-9a-f.:]{2,45} "
    r'\| (GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) +"(.*)"'
)
_ROUTES: Final = {route.upstream for route in TABLE} | {"/api/status"}


def _access(text: str) -> Shaped | None:
    found = _GIN.fullmatch(text)
    if found is None:
        return None
    status, duration, method, path = found.groups()
    if not _DURATION.fullmatch(duration):
        return None
    path = path.partition("?")[0]
    fields = {"method": method, "route": path if path in _ROUTES else UNKNOWN, "status": int(status), "duration": duration}
    # The gateway asks for its own readiness every few seconds, and each request of a client has its record already.
    return Shaped(logging.DEBUG if status < "400" else logging.INFO, "access", fields)


# llama.cpp and ggml: print_info: n_ctx_train = 8192

_LLAMA: Final = re.compile(
    r"(?:print_info: (file size|model params|n_ctx_train|n_layer|n_vocab)"
    r"|llama_context: (n_seq_max|n_ctx|n_ctx_seq|n_batch|n_ubatch|graph nodes|graph splits))"
    r" *= *([0-9]{1,7}(?:\.[0-9]{1,2})?)(?: (KiB|MiB|GiB|[KMBT]))?(?: \([0-9.]{1,6} BPW\))? *"
)
_BUFFER: Final = re.compile(
    r"(?:load_tensors|llama_context|llama_kv_cache): +([A-Za-z]{3,6}[0-9]{0,2}) +(model|output|compute|KV)"
    r" +buffer size = +([0-9]{1,7}\.[0-9]{2}) MiB"
)
_OFFLOADED: Final = re.compile(r"load_tensors: offloaded ([0-9]{1,4})/([0-9]{1,4}) layers to GPU")


def _llama(text: str) -> Shaped | None:
    if found := _LLAMA.fullmatch(text):
        info, context, value, unit = found.groups()
        return Shaped(logging.INFO, "llama", {(info or context).replace(" ", "_"): f"{value} {unit}" if unit else value})
    if (found := _BUFFER.fullmatch(text)) and _DEVICE.fullmatch(found[1]):
        return Shaped(logging.INFO, "llama buffer", {"device": found[1], "buffer": found[2], "size": f"{found[3]} MiB"})
    if found := _OFFLOADED.fullmatch(text):
        return Shaped(logging.INFO, "offloaded layers to GPU", {"offloaded": found[1], "layers": found[2]})
    return None


# A crash: that there was one, and where in ggml; what Go or ggml say about it may hold anything.

_ABORT: Final = re.compile(
    r"(?:/?[A-Za-z0-9._-]{1,40}/){0,12}"
    r"((?:ggml|ggml-alloc|ggml-backend|ggml-cpu|ggml-cuda|ggml-quants|ggml-vulkan|gguf|llama|llama-context|llama-graph|llama-model|ops)"
    r"\.(?:c|cpp|cu)):([0-9]{1,5}): .*"
)


def _panic(text: str) -> Shaped:
    return Shaped(logging.ERROR, "the model server panicked")


def _fatal(text: str) -> Shaped:
    return Shaped(logging.ERROR, "the model server's runtime ended it")


def _signal(text: str) -> Shaped:
    return Shaped(logging.ERROR, "the model server was ended by a signal")


def _abort(text: str) -> Shaped | None:
    found = _ABORT.fullmatch(text)
    return Shaped(logging.ERROR, "ggml gave up", {"source": f"{found[1]}:{found[2]}"}) if found else None


_READERS: Final[tuple[tuple[str, Callable[[str], Shaped | None]], ...]] = (
    ("time=", _slog),
    ("[GIN] ", _access),
    ("print_info: ", _llama),
    ("llama_context: ", _llama),
    ("llama_kv_cache: ", _llama),
    ("load_tensors: ", _llama),
    ("panic: ", _panic),
    ("fatal error: ", _fatal),
    *((f"SIG{name}: ", _signal) for name in ("ABRT", "BUS", "FPE", "ILL", "QUIT", "SEGV", "TRAP")),
    ("", _abort),
)

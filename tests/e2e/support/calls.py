"""A client that calls all the time, while a test does something to the assistant."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.support.assistants import CLIENTS, Assistants


@dataclass
class Calls:
    """What became of the calls; known when the block is left."""

    made: int = 0
    failures: list[Any] = field(default_factory=list)
    """Time, and status or error, of each one that was not answered with 200."""


@contextmanager
def calling(assistants: Assistants, name: str, pod: str) -> Iterator[Calls]:
    """Call the assistant from a client pod, over new connections, for as long as the block runs; see clients/keep_calling.py."""
    script = (CLIENTS / "keep_calling.py").read_text()
    command = assistants.kubectl.command("exec", "-i", pod, "--", "python3", "-c", script, assistants.endpoint(name))
    calls = Calls()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield calls
        output, _ = process.communicate("\n", timeout=60)
    finally:
        process.kill()
        process.wait()
    found = json.loads(output)
    calls.made, calls.failures = found["made"], found["failures"]

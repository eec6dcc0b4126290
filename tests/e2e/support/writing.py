"""A client that adds to conversations all the time, while a test does something to the assistant."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.e2e.support.assistants import CLIENTS, Assistants


@dataclass
class Written:
    """What became of the items; known when the block is left."""

    acknowledged: dict[str, list[str]] = field(default_factory=dict)
    """Conversation -> the texts that were answered with 200. No text is sent twice to one conversation."""
    failures: list[int | str] = field(default_factory=list)
    """Status or error of each other request: its item may have been kept or not."""


@contextmanager
def writing(assistants: Assistants, name: str, pod: str, conversations: Sequence[str]) -> Iterator[Written]:
    """Write from a client pod for as long as the block runs; see clients/keep_writing.py."""
    script = (CLIENTS / "keep_writing.py").read_text()
    command = assistants.kubectl.command("exec", "-i", pod, "--", "python3", "-c", script, assistants.endpoint(name), *conversations)
    written = Written()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield written
        output, _ = process.communicate("", timeout=60)
    finally:
        process.kill()
        process.wait()
    found = json.loads(output)
    written.acknowledged, written.failures = found["acknowledged"], found["failures"]

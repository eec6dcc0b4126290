"""Every version of an object, as the API server tells it to whoever watches."""

import json
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from tests.e2e.support.kubectl import Kubectl, Object, until

Versions = Callable[[str], list[Object]]


@contextmanager
def watching(kubectl: Kubectl, kind: str) -> Iterator[Versions]:
    """Watch all objects of a kind in the namespace; what is yielded returns the versions of one so far, in their order."""
    with tempfile.TemporaryFile("w+") as file:
        # Watches from the start, so nothing is missed, and prints for certain only if something is there: the caller applies afterwards.
        process = subprocess.Popen(kubectl.command("get", kind, "--watch", "--output-watch-events", "-o", "json"), stdout=file)

        def versions(name: str) -> list[Object]:
            file.seek(0)
            events = list(_documents(file.read()))
            return [event["object"] for event in events if event["object"].get("metadata", {}).get("name") == name]

        try:
            until("the watch runs", lambda: process.poll() is None, 30)
            yield versions
        finally:
            process.terminate()
            process.wait(timeout=10)


def _documents(text: str) -> Iterator[Object]:
    """Yield each whole JSON document; the last one may still be on its way."""
    decoder, position = json.JSONDecoder(), 0
    while (start := text.find("{", position)) >= 0:
        try:
            document, position = decoder.raw_decode(text, start)
        except ValueError:
            return
        yield document


def told(versions: list[Object]) -> list[Object]:
    """Return the versions with which the operator told something new: those whose status is not that of the version before."""
    pairs = zip([None, *versions], versions, strict=False)
    return [new for old, new in pairs if new.get("status") and (old is None or old.get("status") != new["status"])]

"""An assistant that keeps nothing loads nothing that could: it would pay for it with memory, and have more that can go wrong."""

import subprocess
import sys

import pytest

HEAVY = ("asyncpg", "rurex", "cryptography", "pypdf", "docx", "selectolax", "multipart", "lxml")
ROOMS = ("conversations", "documents", "memory", "retention", "retrieval", "sealing.keys", "sealing.ring", "storage.store")


@pytest.mark.parametrize("module", ["assistant_gateway.lifecycle", "assistant_gateway.__main__", "assistant_gateway.policy"])
def test_a_gateway_without_a_store_does_not_load_one(module: str) -> None:
    program = f"import sys, importlib; importlib.import_module({module!r}); print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())

    assert not {name for name in loaded if name.split(".")[0] in HEAVY}
    assert not {f"assistant_gateway.{room}" for room in ROOMS} & loaded


def test_errors_can_be_told_apart_without_loading_the_store() -> None:
    """What has to know StoreError, to answer 503, need not load the driver."""
    program = "import sys, assistant_gateway.storage.errors, assistant_gateway.sealing.errors; print(*sys.modules)"
    loaded = set(subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split())

    assert not {"asyncpg", "cryptography"} & loaded

"""Where things lie: the checkout, the cache of everything that was built, and the state of the running cluster.

The cache is outside the checkout, so that a clean checkout and a `git clean` keep what took minutes to build. Everything in it is named
by a hash of what it was made from, so it is never stale and may be removed at any time while no node runs. What belongs to a running
node is there as well: node/layout.py.
"""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent


def cache() -> Path:
    """Return the folder of built programs, images and models."""
    return Path(os.environ.get("PRIVATE_ASSISTANT_CACHE") or "~/.cache/private-assistant-operator").expanduser().resolve()

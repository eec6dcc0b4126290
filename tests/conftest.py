"""What holds for all tests.

How long one of Hypothesis' examples took tells of the machine's other work, and fails nothing. And each of pytest-xdist's workers has a
node of its own, should it need one: this is said before anything reads the node's addresses.
"""

import os

from hypothesis import settings

NODE = "PRIVATE_ASSISTANT_NODE"

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

if worker := os.environ.get("PYTEST_XDIST_WORKER"):
    os.environ[NODE] = str(int(os.environ.get(NODE) or 0) + int(worker.removeprefix("gw")))

"""How far a pull is: the pulling pod tells."""

import json
from typing import NamedTuple

from assistant_operator.api.v1alpha1.status import LARGEST

INTERVAL = 5.0
"""Seconds between questions, and so between two status writes for a pull's sake."""
PATH = "/progress"
MAX_ANSWER = 4096


class Progress(NamedTuple):
    """Bytes of a running pull."""

    completed: int
    total: int


def parse(text: bytes) -> Progress | None:
    """Return the progress that a pod told; None where it told anything else."""
    try:
        told = json.loads(text)
        completed, total = told["completedBytes"], told["totalBytes"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    if any(isinstance(number, bool) or not isinstance(number, int) or not 0 <= number <= LARGEST for number in (completed, total)):
        return None
    return Progress(completed, total)

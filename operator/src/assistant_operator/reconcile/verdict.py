"""One judgement about one promise, and what it means for the assistant as a whole."""

from dataclasses import dataclass
from enum import Enum

from assistant_operator.api.v1alpha1.status import ConditionStatus


class Course(Enum):
    """Where a state that is not as asked for is going."""

    MOVING = "moving"
    """Something is under way, or the operator will try again: Reconciling."""
    STUCK = "stuck"
    """Nothing will happen until somebody changes something: Stalled."""
    SETTLED = "settled"
    """This is what the spec asks for (no replicas, suspended)."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The status of a condition with its reason, a message for people, and its course."""

    status: ConditionStatus
    reason: str
    message: str
    course: Course = Course.MOVING

    @classmethod
    def true(cls, reason: str, message: str) -> "Verdict":
        return cls("True", reason, message, Course.SETTLED)

    @classmethod
    def false(cls, reason: str, message: str) -> "Verdict":
        return cls("False", reason, message)

    @classmethod
    def unknown(cls, reason: str, message: str) -> "Verdict":
        return cls("Unknown", reason, message)

    @classmethod
    def stuck(cls, reason: str, message: str) -> "Verdict":
        return cls("False", reason, message, Course.STUCK)

    @classmethod
    def settled(cls, reason: str, message: str) -> "Verdict":
        return cls("False", reason, message, Course.SETTLED)

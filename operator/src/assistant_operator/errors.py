"""Everything that can go wrong in a reconcile, by what happens next.

    OperatorError
      TerminalError          the spec or the cluster must change first: Stalled, looked at again seldom
      WaitingError           something that is not there yet: Ready is False with the reason, looked at again soon
      ApiError          the API server said no, or nothing: tried again with back-off
        ConflictError          409: somebody else wrote; look again
        AlreadyExistsError     409 to a create
        ThrottledError         429, with the server's own delay
        UnavailableError       5xx, time-outs, broken connections
        ForbiddenError         401, 403: rights are missing, or admission refused
        InvalidError           400, 422: the object is not acceptable
        GoneError              404 to a write
      LeaseLostError         another replica may be writing: stop at once

Reasons are CamelCase words for programs; messages are for people, stable from pass to pass, and hold neither content nor secrets.
"""

from typing import NamedTuple


class OperatorError(Exception):
    """Base of all expected errors."""


class StatedError(OperatorError):
    """An error that is told in status."""

    def __init__(self, reason: str, message: str, *, condition: str | None = None, after: float | None = None) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message
        self.condition = condition
        """The promise that it breaks (ModelReady, GatewayReady), where it breaks one in particular."""
        self.after = after
        """Seconds until the next look; None leaves it to the loop."""


class TerminalError(StatedError):
    """Nothing will change until the spec, or something outside, does."""


class WaitingError(StatedError):
    """Something is not there yet; this is no error of the operator's."""


class Cause(NamedTuple):
    """What the API server found wrong with one field."""

    field: str
    message: str


class ApiError(OperatorError):
    """The API server refused a call or did not answer it."""

    def __init__(
        self,
        verb: str,
        kind: str,
        status: int,
        reason: str,
        message: str = "",
        causes: tuple[Cause, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(f"{verb} {kind}: {status} {reason}")
        self.verb = verb
        self.kind = kind
        self.status = status
        self.reason = reason
        self.message = message
        self.causes = causes
        self.retry_after = retry_after


class ConflictError(ApiError):
    """Somebody else wrote in between, or a precondition did not hold."""


class AlreadyExistsError(ApiError):
    """A create met an object of that name."""


class ThrottledError(ApiError):
    """The server asks for patience."""


class UnavailableError(ApiError):
    """The server could not be reached or failed."""


class ForbiddenError(ApiError):
    """The operator may not do that."""


class InvalidError(ApiError):
    """The server does not accept the object."""


class GoneError(ApiError):
    """The object to be written is not there (any more)."""


class LeaseLostError(OperatorError):
    """This replica may write no longer."""

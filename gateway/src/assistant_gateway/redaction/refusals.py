"""What a client is told of what must not pass: types and how many of each, and never a value."""

from collections.abc import Callable, Mapping

from assistant_gateway.errors import RefusalError
from assistant_gateway.redaction.replacing.masking import Masker, PersonalDataRefusedError
from assistant_gateway.redaction.replacing.restoring import RestoredTooMuchError
from assistant_gateway.redaction.streams.cutting import UnreadableAnswerError


def refusal(direction: str, counts: Mapping[str, int]) -> RefusalError:
    """Return what a client is told of personal data that must not pass: types and how many of each."""
    found = ", ".join(f"{name} ({number})" for name, number in sorted(counts.items()))
    whose = "The model's answer" if direction == "response" else "The request"
    return RefusalError("personal_data_refused", f"{whose} holds personal data that this assistant does not let pass: {found}.")


def unscanned(media: frozenset[str]) -> RefusalError:
    """Return what a client is told of what cannot be looked into."""
    message = f"This assistant takes nothing that it cannot search for personal data: the request holds {', '.join(sorted(media))}."
    return RefusalError("unscanned_media", message)


def finish(masker: Masker) -> None:
    """End a request's masking; raises RefusalError where something of it must not pass."""
    try:
        masker.finish()
    except PersonalDataRefusedError as refused:
        raise refusal("request", refused.counts) from None


def or_refuse(work: Callable[[], bytes]) -> bytes:
    """Return a piece of an answer; raises RefusalError where it must not pass, or cannot be read."""
    try:
        return work()
    except PersonalDataRefusedError as refused:
        raise refusal("response", refused.counts) from None
    except (UnreadableAnswerError, RestoredTooMuchError):
        raise RefusalError("upstream_error") from None

"""Every way in which the gateway refuses or fails a request: one stable code each.

Messages are constants, at most with numbers and names from the policy and counts in them: nothing that a client sent, nothing that a key
or the model server said. wire/ gives them the shape of the format that the client speaks; record.py writes the code.
"""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Failure:
    """What a code means to a client."""

    status: int
    message: str


CODES: Final[dict[str, Failure]] = {
    "missing_key": Failure(401, "No API key was sent. Send it as 'Authorization: Bearer <key>'."),
    "wrong_key": Failure(401, "The API key is not one of this assistant's keys."),
    "route_not_allowed": Failure(403, "This assistant does not serve this route."),
    "method_not_allowed": Failure(405, "This route does not serve this method."),
    "model_not_found": Failure(
        404, "This assistant does not serve the requested model. GET /api/tags or /v1/models lists the one that it serves."
    ),
    "invalid_http": Failure(400, "The request is not valid HTTP/1.1."),
    "invalid_json": Failure(400, "The request's body is not valid JSON in UTF-8."),
    "invalid_request": Failure(400, "The request is not valid."),
    "unsupported_encoding": Failure(415, "The request's body is compressed. Send it without a Content-Encoding."),
    "body_too_large": Failure(413, "The request's body is larger than this assistant accepts."),
    "headers_too_large": Failure(431, "The request's headers are larger than this assistant accepts."),
    "request_timeout": Failure(408, "The request did not arrive in time."),
    "rate_limited": Failure(429, "This API key has used up its requests for now. Try again after the time in Retry-After."),
    "too_many_requests_in_flight": Failure(429, "This assistant is answering as many requests as it may. Try again shortly."),
    "not_ready": Failure(503, "This assistant is not ready yet."),
    "upstream_unavailable": Failure(502, "The model server could not be reached."),
    "upstream_busy": Failure(503, "The model server's queue is full. Try again shortly."),
    "upstream_timeout": Failure(504, "The model server did not answer in time."),
    "upstream_lost": Failure(502, "The model server went away before the answer was complete."),
    "upstream_error": Failure(502, "The model server failed to answer."),
    "upstream_refused": Failure(400, "The model server refused the request as invalid."),
    "unsupported_by_model": Failure(400, "The model does not support what was asked of it."),
    "context_too_long": Failure(400, "The input is longer than the model's context."),
    "not_found": Failure(404, "There is nothing of this id that this API key may see."),
    "wrong_role": Failure(403, "The API key's role does not allow this."),
    "personal_data_refused": Failure(422, "The request holds personal data that this assistant does not let pass."),
    "names_unavailable": Failure(
        503, "This assistant cannot look for names at the moment, and lets nothing pass unread. Try again shortly."
    ),
    "unscanned_media": Failure(400, "This assistant takes nothing that it cannot search for personal data."),
    "redaction_off": Failure(400, "This assistant redacts nothing: spec.redaction.request.action of its PrivateAssistant is Off."),
    "mapping_invalid": Failure(400, "The mapping is none that this API key was given, or it is damaged."),
    "conversations_not_kept": Failure(
        400, "This assistant keeps no conversations: spec.retention.conversations.mode of its PrivateAssistant is not Keep."
    ),
    "retention_not_allowed": Failure(400, "A request may ask for less to be kept than the PrivateAssistant says, never for more."),
    "documents_not_configured": Failure(400, "This assistant has no documents: spec.rag of its PrivateAssistant is not set."),
    "nothing_kept": Failure(
        400,
        "This assistant keeps nothing: spec.rag of its PrivateAssistant is not set, and spec.retention.conversations.mode is not Keep.",
    ),
    "conversation_too_long": Failure(400, "The conversation is longer than this assistant accepts in one request. Start a new one."),
    "document_unreadable": Failure(422, "The document cannot be read."),
    "document_too_large": Failure(413, "The document is larger than this assistant accepts."),
    "unsupported_document": Failure(415, "Documents of this type are not supported."),
    "erased_meanwhile": Failure(409, "What this request was to keep was erased while it was taken in."),
    "embedding_failed": Failure(502, "The embedding model failed to answer."),
    "retrieval_failed": Failure(503, "The documents could not be searched, and this assistant does not answer without them."),
    "store_unavailable": Failure(503, "The store of this assistant cannot be reached. Try again shortly."),
    "shutting_down": Failure(503, "This assistant is shutting down."),
    "internal_error": Failure(500, "The gateway failed to handle the request."),
    "client_gone": Failure(499, "The client went away."),
    "client_stalled": Failure(499, "The client stopped reading."),
}


@dataclass(eq=False)
class RefusalError(Exception):
    """The request ends here, with this code; raised anywhere below the middleware in app.py, which answers and records it."""

    code: str
    message: str = ""
    """In place of the code's own message; a constant, or one with numbers and names of the policy, or counts."""
    param: str | None = None
    """The request's field that is at fault, by its name in the API: never its value."""
    headers: list[tuple[bytes, bytes]] = field(default_factory=list)

    @property
    def status(self) -> int:
        return CODES[self.code].status

    @property
    def text(self) -> str:
        return self.message or CODES[self.code].message

    def __str__(self) -> str:
        return self.code

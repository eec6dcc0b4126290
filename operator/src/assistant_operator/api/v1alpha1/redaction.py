"""`spec.redaction` of a PrivateAssistant: which personal data is looked for, and what becomes of it on the way to the model and back.

The types are the gateway's own words (assistant_gateway.redaction.entities). Those of names are found by a model, in requests only, and
only where `names.mode` says so. There is no list of languages: the gateway tells the language of each piece of text by itself, and has
nothing that could be chosen by it.
"""

from typing import Annotated, Literal

from pydantic import Field

from assistant_gateway.redaction.entities import NAMES, STRUCTURED, Entity, Structured
from assistant_operator.api.v1alpha1.base import SET, ApiModel, keyed

LONGEST_EXPRESSION = 1000
"""As assistant_gateway.redaction.detection.custom has it."""

Types = Annotated[tuple[Structured, ...], Field(min_length=1, max_length=32, json_schema_extra=SET)]
RequestTypes = Annotated[tuple[Entity, ...], Field(min_length=1, max_length=32, json_schema_extra=SET)]


class RequestRedaction(ApiModel):
    """What becomes of personal data in requests, and in documents that are brought in."""

    action: Annotated[
        Literal["Off", "Mask", "Pseudonymize", "Block"],
        Field(
            description='Off ("Off" in YAML, with quotes): nothing is looked for. '
            "Mask: the model reads the type in place of the value ([EMAIL]). Pseudonymize: it "
            "reads a stand-in, the same for the same value throughout a conversation, and the client gets the value back in the answer; "
            "what is stored or embedded is masked. Block: the request is refused with the types that were found, and the model sees "
            "nothing of it."
        ),
    ] = "Pseudonymize"
    entities: Annotated[
        RequestTypes | None,
        Field(
            description="Types that are looked for; where absent all of them, those of names (PERSON, PLACE, ORGANISATION, ADDRESS) with "
            "names.mode only. docs/redaction.md says what each of them finds."
        ),
    ] = None


class ResponseRedaction(ApiModel):
    """What becomes of personal data in what the model says of its own accord."""

    action: Annotated[
        Literal["Off", "Mask", "Block"],
        Field(
            description='Off ("Off" in YAML, with quotes): nothing is looked for. '
            "Mask: the client reads the type in place of the value. Block: the answer ends with an "
            "error as soon as something is found. Values that the request brought and the answer gets back are not meant. There is no "
            "Pseudonymize: nobody could put such values back."
        ),
    ] = "Off"
    entities: Annotated[
        Types | None,
        Field(
            description="Types that are looked for; all of them where absent. Names (PERSON, PLACE, ORGANISATION, ADDRESS) are not among "
            "them: whether a word is a name shows only later, and a stream cannot wait for it."
        ),
    ] = None

    @property
    def types(self) -> tuple[Structured, ...]:
        """Return the types that are looked for, in the gateway's order: none with Off."""
        return tuple(kind for kind in STRUCTURED if self.entities is None or kind in self.entities) if self.action != "Off" else ()


class NamesRedaction(ApiModel):
    """How names are looked for."""

    mode: Annotated[
        Literal["Off", "Standard", "HighRecall"],
        Field(
            description='Off ("Off" in YAML, with quotes): '
            "people, places, organisations and addresses reach the model as they are. Standard: a small model and rules "
            "look for them in every request and in documents that are brought in; this costs memory, and 20 ms for each 1,000 characters "
            "that are new. HighRecall: as Standard, and what says something of a person besides (dates, ages, nationalities, hosts): it "
            "misses less, and masks much that is no name. Either misses some names: docs/redaction.md has the figures."
        ),
    ] = "Off"


class Pattern(ApiModel):
    """A type of your own."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=32,
            description="Name of the type, in lower case. Metrics, refusals and the masked text have it in capitals: [EMPLOYEE-NUMBER].",
        ),
    ]
    expression: Annotated[
        str,
        Field(
            min_length=1,
            max_length=LONGEST_EXPRESSION,
            description="Regular expression in the syntax of Rust's regex crate: linear time, no look-around, no back-references, (?i) "
            "at its beginning for any case. It must not match the empty string. Whether it can be used is seen when the operator reads "
            "it: reason SpecInvalid says what is wrong.",
        ),
    ]


class Redaction(ApiModel):
    """What becomes of personal data on the way to the model and back."""

    request: Annotated[
        RequestRedaction, Field(description="What becomes of personal data in requests, and in documents that are brought in.")
    ] = RequestRedaction()
    response: Annotated[ResponseRedaction, Field(description="What becomes of personal data in what the model says of its own accord.")] = (
        ResponseRedaction()
    )
    names: Annotated[
        NamesRedaction,
        Field(
            description="How people, places, organisations and addresses are looked for in requests, whatever their language; measured in "
            "English, German, French and Spanish."
        ),
    ] = NamesRedaction()
    patterns: Annotated[
        tuple[Pattern, ...],
        Field(
            max_length=32,
            description="Types of your own, looked for in each direction whose action is not Off, beside its entities.",
            json_schema_extra=keyed("name"),
        ),
    ] = ()
    allow_unscanned_media: Annotated[
        bool,
        Field(
            description="Let pictures, sound and other parts of requests that are no text reach the model: nothing is looked for in them. "
            "false refuses such requests while request.action is not Off."
        ),
    ] = False

    @property
    def is_on(self) -> bool:
        """Whether anything is looked for, in either direction."""
        return self.request.action != "Off" or self.response.action != "Off"

    @property
    def request_types(self) -> tuple[Entity, ...]:
        """Return the types that are looked for in requests, in the gateway's order: none with Off."""
        wanted, known = self.request.entities, (*STRUCTURED, *(NAMES if self.names.mode != "Off" else ()))
        return tuple(kind for kind in known if wanted is None or kind in wanted) if self.request.action != "Off" else ()

    @property
    def types(self) -> frozenset[Entity]:
        """The types that are looked for in one direction at least; patterns are none of them."""
        return frozenset((*self.request_types, *self.response.types))

"""`spec.rag` of a PrivateAssistant: answers from documents, where these come from and how they are found."""

from typing import Annotated, Literal

from pydantic import Field

from assistant_operator.api.v1alpha1.base import SET, ApiModel, ObjectName, keyed


class ConfigMapSource(ApiModel):
    """Documents in a ConfigMap."""

    name: Annotated[ObjectName, Field(description="ConfigMap of the assistant's namespace; each entry is a document.")]


class ClaimDocuments(ApiModel):
    """Documents on a volume."""

    name: Annotated[
        ObjectName,
        Field(description="PersistentVolumeClaim with the documents, readable for user or group 65532. It is mounted read-only."),
    ]


class Source(ApiModel):
    """A place with documents: one of configMap and claim."""

    name: Annotated[
        str,
        Field(
            min_length=1,
            max_length=40,
            description="Name of the source, as in status and metrics. A source that is removed or renamed takes its documents with it.",
        ),
    ]
    config_map: Annotated[ConfigMapSource | None, Field(description="The documents are the entries of a ConfigMap.")] = None
    claim: Annotated[ClaimDocuments | None, Field(description="The documents are files on a volume.")] = None
    include: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=256)], ...],
        Field(
            max_length=32,
            description="Globs of the files that are documents, relative to the root: *.md, handbook/**/*.pdf. Where absent, every file "
            "that is not hidden.",
            json_schema_extra=SET,
        ),
    ] = ()
    schedule: Annotated[
        str | None,
        Field(
            min_length=1,
            max_length=100,
            description="When the source is read again, a cron expression in the cluster's time zone, e.g. 0 3 * * *. Once, where "
            "absent, and "
            "again when the source changes here.",
        ),
    ] = None
    groups: Annotated[
        tuple[Annotated[str, Field(min_length=1, max_length=253)], ...] | None,
        Field(
            max_length=64,
            description="Who may retrieve: keys with one of these groups. Every key where absent, none where empty.",
            json_schema_extra=SET,
        ),
    ] = None


class Retrieval(ApiModel):
    """How documents are found, and what a chat does with them."""

    top_k: Annotated[int, Field(ge=1, le=50, description="Passages that are given to the model.")] = 4
    hybrid: Annotated[bool, Field(description="Search by words besides vectors, and merge the two; false searches by vectors alone.")] = (
        True
    )
    min_score: Annotated[
        float | None,
        Field(
            ge=-1,
            le=1,
            description="Least cosine similarity of a passage that vectors find; none is left out where absent.",
        ),
    ] = None
    mode: Annotated[
        Literal["OnRequest", "Always"],
        Field(description="OnRequest: for requests with use_context: true. Always: for every chat, unless it says use_context: false."),
    ] = "OnRequest"
    on_failure: Annotated[
        Literal["Refuse", "Answer"],
        Field(
            description="When nothing can be looked up. Refuse: the request fails. Answer: the model answers without documents, and a "
            "header of "
            "the answer says so."
        ),
    ] = "Refuse"


class Chunk(ApiModel):
    """How documents are cut into passages."""

    size: Annotated[
        int, Field(ge=100, le=8000, description="Most characters of a passage. Counts for documents that come from now on.")
    ] = 800
    overlap: Annotated[
        int, Field(ge=0, le=3999, description="Characters that a passage repeats of the one before; less than half of size.")
    ] = 100


class Rag(ApiModel):
    """Answers from documents."""

    sources: Annotated[
        tuple[Source, ...],
        Field(
            max_length=16,
            description="Places whose documents are brought in and kept up to date. Others may come through the API, with none of these "
            "too.",
            json_schema_extra=keyed("name"),
        ),
    ] = ()
    retrieval: Annotated[Retrieval, Field(description="How documents are found, and what a chat does with them.")] = Retrieval()
    chunk: Annotated[Chunk, Field(description="How documents are cut into passages.")] = Chunk()

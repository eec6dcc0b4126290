"""Who may read what, as tokens: a document carries those of its readers, a key those of itself, and a query asks for a common one.

A document of a source carries one token that stands for "whoever this source admits". Whom it admits is looked up in the policy when
somebody asks, so that a change of the source's groups, or the source's end, is in force at once and rewrites nothing in the store: until
the rows were rewritten, the former readers would still find them.
"""

from collections.abc import Iterable

from assistant_gateway.auth import Identity
from assistant_gateway.policy import RagPolicy
from assistant_gateway.sealing.keys import IndexKey


def of_source(index: IndexKey, source: str) -> list[int]:
    """Return the tokens of a source's documents."""
    return [index.token("everyone", source)]


def of_upload(index: IndexKey, subject: str, groups: Iterable[str]) -> list[int]:
    """Return the tokens of a document that somebody uploaded: theirs, and those of the groups that they share it with."""
    return [index.token("subject", subject), *(index.token("group", group) for group in groups)]


def of_reader(index: IndexKey, identity: Identity, rag: RagPolicy) -> list[int]:
    """Return the tokens that open documents to this key; never empty."""
    mine = set(identity.groups)
    admitted = (source.name for source in rag.sources if source.groups is None or not mine.isdisjoint(source.groups))
    return [*of_upload(index, identity.subject, identity.groups), *(index.token("everyone", source) for source in admitted)]

"""A document by the rules for requests: its text, its name and what is said of it, looked through together.

Of the text only what this leaves is stored. Name and metadata are stored as they were brought too (heads.py): a source's Job finds its file
by the name, and so does whoever uploaded it. Everybody else, and every model, is shown what this leaves of them.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from assistant_gateway.redaction.entities import Span, resolve
from assistant_gateway.redaction.replacing.masking import Find, Masker

if TYPE_CHECKING:
    from assistant_gateway.redaction.service import Redaction

GROUPS: Final = "groups"
"""Of the metadata: names of the policy's own, by which is decided who may read."""


@dataclass(frozen=True, slots=True)
class Brought:
    """What a document consists of."""

    text: str = field(repr=False)
    name: str = field(repr=False)
    metadata: dict[str, Any] = field(repr=False)


async def masked(redaction: "Redaction | None", brought: Brought, found: Counter[str]) -> Brought:
    """Return the document as it may be embedded, found and shown; `found` counts what is masked. Raises RefusalError.

    The text as a whole, since a value may stand where it is cut.
    """
    if redaction is None or redaction.stored_action is None:
        return brought
    own = {name: value for name, value in brought.metadata.items() if name == GROUPS}
    others = {name: value for name, value in brought.metadata.items() if name != GROUPS}

    def work(masker: Masker) -> Brought:
        in_names = Masker(_in_names(masker.find), masker.action, counts=masker.counts)
        metadata = redaction.transform({"metadata": others}, masker)["metadata"]
        return Brought(masker(brought.text), in_names(brought.name), metadata | own)

    size = {"text": brought.text, "name": brought.name, "metadata": others}
    return await redaction.for_storing(size, work, found)


def _in_names(find: Find) -> Find:
    """Return what finds values in names of files, also where `_` stands for a space and an ending follows (`To_anna@example.com.pdf`)."""

    def finds(name: str) -> Sequence[Span]:
        stem, dot, ending = name.rpartition(".")
        spaced = f"{stem} {ending}".replace("_", " ") if dot else name.replace("_", " ")
        return find(name) if spaced == name else resolve([*find(name), *find(spaced)])  # of one length: what is found is in one place

    return finds

"""The table of known vulnerabilities: which versions of what runs in assistants have one.

One is shipped beside this file; an installation may put its own in its place (--vulnerability-table, chart: vulnerabilities.table). A
table that cannot be read is told as what it is and never taken for one without entries. Neighbour: images.py says what runs.
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import zip_longest
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

Component = Literal["gateway", "ollama", "postgresql", "pgvector"]
Severity = Literal["Unrated", "Low", "Medium", "High", "Critical"]
VERSION_PATTERN = r"^[0-9]{1,9}(\.[0-9]{1,9}){0,3}$"
VersionText = Annotated[str, Field(pattern=VERSION_PATTERN)]
MOST_ADVISORIES = 1000
SHIPPED = "advisories.json"


class TableError(ValueError):
    """The table cannot be used; the message says where it is wrong, and quotes nothing of it."""


@dataclass(frozen=True, slots=True)
class Version:
    """Numbers of a version, as many as are known: 18 is some 18.x."""

    numbers: tuple[int, ...]
    is_early: bool = False
    """A candidate, an alpha or a beta: before what has the same numbers."""

    @classmethod
    def of(cls, text: str, *, is_early: bool = False) -> "Version":
        return cls(tuple(int(part) for part in text.split(".")), is_early)

    def is_below(self, bound: str) -> bool | None:
        """Tell whether it is below another version; None where too little of it is known."""
        other = Version.of(bound).numbers
        for mine, theirs in zip_longest(self.numbers, other):
            if mine is None:
                return None if any(other[len(self.numbers) :]) else self.is_early
            if mine != (theirs or 0):
                return mine < (theirs or 0)
        return self.is_early

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + ("-rc" if self.is_early else "")


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(_Part):
    """Versions that are affected: from one on, where that is said, and below another."""

    since: Annotated[VersionText | None, Field(alias="from")] = None
    below: VersionText

    def holds(self, version: Version) -> bool | None:
        """Tell whether the version is one of them; None where too little of it is known."""
        is_before = False if self.since is None else version.is_below(self.since)
        is_below = version.is_below(self.below)
        if is_before is True or is_below is False:
            return False
        return None if is_before is None or is_below is None else True


class Advisory(_Part):
    """One known vulnerability."""

    component: Component
    id: Annotated[str, Field(pattern=r"^[A-Z][A-Za-z0-9]{1,15}(-[A-Za-z0-9]{1,20}){1,5}$")]
    """As its publisher names it: CVE-2026-7482, GHSA-x99g-8v8j-25j2."""
    severity: Severity
    summary: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
    affected: Annotated[tuple[Range, ...], Field(min_length=1, max_length=32)]

    def finds(self, version: Version) -> Range | None:
        """Return the affected versions of which this is one; None where it is none, or too little of it is known."""
        return next((part for part in self.affected if part.holds(version) is True), None)

    def may_find(self, version: Version) -> bool:
        """Tell whether too little of the version is known to say."""
        return self.finds(version) is None and any(part.holds(version) is None for part in self.affected)


class Table(_Part):
    """All that is known."""

    updated: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")]
    """Day of the last change: how old the knowledge is."""
    advisories: Annotated[tuple[Advisory, ...], Field(min_length=1, max_length=MOST_ADVISORIES)]

    def of(self, component: Component) -> tuple[Advisory, ...]:
        return tuple(advisory for advisory in self.advisories if advisory.component == component)


@dataclass(frozen=True, slots=True)
class NoTable:
    """There is a table, and it cannot be used."""

    why: str


Advisories = Table | NoTable


def parse(text: str | bytes) -> Table:
    """Return the table that the text (JSON) is; raises TableError."""
    try:
        return Table.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(step) for step in first["loc"] if isinstance(step, int) or str(step).isidentifier()) or "the whole"
        raise TableError(f"{where}: {first['msg'].splitlines()[0][:200]}") from None


@cache
def shipped() -> Table:
    """Return the table of this release."""
    return parse(files(__package__).joinpath(SHIPPED).read_bytes())

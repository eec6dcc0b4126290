"""From where a watch can go on: the resourceVersion of each whole listing.

A watch from a listing's version tells everything that came after it (Kubernetes API concepts, "Efficient detection of changes"), so whoever
has listed need not list again to watch.
"""


class Listings:
    """The versions of the latest whole listings, by path and label selector."""

    __slots__ = ("_versions",)

    def __init__(self) -> None:
        self._versions: dict[tuple[str, str], str] = {}

    def note(self, path: str, selector: str, version: str) -> None:
        """Remember that all pages of a listing were read, and the version that they showed."""
        self._versions[path, selector] = version

    def take(self, path: str, selector: str) -> str | None:
        """Return the version of the latest listing, once: who asks again found it too old, and has to list."""
        return self._versions.pop((path, selector), None)

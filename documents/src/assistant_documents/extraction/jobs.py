"""What the server tells the nursery about one file, apart from the file itself."""

import json
from dataclasses import asdict, dataclass
from typing import Final

MAX_MESSAGE: Final = 4096
_MAX_MEDIA_TYPE: Final = 256


@dataclass(frozen=True, slots=True)
class Job:
    """One file, without its bytes."""

    number: int
    media_type: str | None
    size: int
    suffix: str
    """The end of its name, which is all that is ever used of it: `.md`."""
    max_text: int
    seconds: float

    def to_message(self) -> bytes:
        """Return what travels over the channel."""
        fields = asdict(self)
        fields["media_type"] = self.media_type if self.media_type and len(self.media_type) <= _MAX_MEDIA_TYPE else None
        return json.dumps(fields).encode()

    @classmethod
    def parse(cls, message: bytes) -> "Job":
        """Return what the server sent."""
        return cls(**json.loads(message))

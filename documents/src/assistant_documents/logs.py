"""Log lines of the commands: one JSON object a line on stderr; neither file names nor text are ever in them.

The parsers' own loggers are silenced: what they say about a document quotes it. The lines' form is assistant_model's, whose commands run in
the same image.
"""

import logging
import sys

from assistant_model.logs import JsonFormatter


def configure() -> None:
    """Send the lines of the image's own commands to stderr, and no one else's."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    handler.addFilter(lambda record: record.name.startswith(("assistant_documents", "assistant_model")))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)

"""Log lines of the commands: one JSON object a line on stdout, in the form of assistant_model's.

Classes of paths are in them; addresses and what clients sent never are.
"""

import logging
import sys

from assistant_model.logs import JsonFormatter


def configure() -> None:
    """Send the lines to stdout."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)

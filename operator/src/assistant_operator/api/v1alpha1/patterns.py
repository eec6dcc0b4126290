"""Whether the gateway takes the patterns of spec.redaction: they are compiled here by the code that compiles them there.

No rule in CEL could tell, whose own expressions are RE2's. A pattern that the gateway alone refused would be pods that never serve.
"""

import re
from functools import lru_cache

from assistant_gateway.redaction.detection.custom import Custom, PatternError

_QUOTED = re.compile(r"'[^']*'?|[^ -~]")


@lru_cache(maxsize=1024)  # an expression is compiled in each pass otherwise, which takes up to a tenth of a second
def refusal(expression: str) -> str | None:
    """Return why the gateway refuses the expression, without any of its text; None where it does not."""
    try:
        Custom("pattern", expression)
    except PatternError as error:
        return _QUOTED.sub("…", error.why)
    return None

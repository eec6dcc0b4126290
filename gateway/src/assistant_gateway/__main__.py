"""`python -m assistant_gateway`: the gateway of one assistant."""

import sys

from assistant_gateway import lifecycle, settings

if __name__ == "__main__":
    sys.exit(lifecycle.run(settings.parse(sys.argv[1:])))

"""Fixtures of what is kept."""

from tests.unit.gateway.retention.kept import kept, other  # noqa: F401  fixtures
from tests.unit.gateway.retention.serving import officer, serving  # noqa: F401  fixtures

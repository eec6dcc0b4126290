"""Fixtures of the operator's tests."""

from tests.support.jumping_clock import jumping_clock  # noqa: F401  fixture

"""The release of the operator, as pyproject.toml and the chart's appVersion have it: images hold sources alone, and no package metadata."""

from typing import Final

VERSION: Final = "0.2.0"
"""By semantic versioning (https://semver.org). Whoever changes it, or what pods are made of, lets updates begin (steps/rollout.py)."""

"""From what was observed to verdicts, pure: each promise of a status is judged in one module."""

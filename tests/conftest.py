"""What holds for all tests: how long one of Hypothesis' examples took tells of the machine's other work, and fails nothing."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

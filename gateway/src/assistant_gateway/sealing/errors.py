"""What goes wrong with sealed things. Neither says which record: the caller knows, and a message may end in a log."""


class KeyMissingError(Exception):
    """The key that wrapped this is not among the encryption keys."""


class SealBrokenError(Exception):
    """What was sealed is not what is to be opened: damaged, of another record, or sealed by another key of the same name."""

"""How many rows a command touched, from PostgreSQL's own word for it."""


def counted(status: str) -> int:
    """Return the number that ends a command's status, e.g. of `DELETE 5`."""
    return int(status.rpartition(" ")[2])

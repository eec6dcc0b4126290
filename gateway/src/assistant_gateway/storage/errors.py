"""The one way in which the store fails towards the rest of the gateway."""


class StoreError(Exception):
    """The store did not do what was asked, for now; why is in `Store.fault`. Nothing that was asked may be taken as done."""

"""Every text of a request's body."""

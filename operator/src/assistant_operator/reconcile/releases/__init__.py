"""Which assistants a new release has reached, and whose turn is next."""

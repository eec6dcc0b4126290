"""An answer on its way to the client, whole or in pieces: values put back, and those that it must not hold taken out."""

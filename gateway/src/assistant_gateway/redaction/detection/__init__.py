"""Values in a text: found by shape, checksum and the words beside them, however they are written or hidden."""

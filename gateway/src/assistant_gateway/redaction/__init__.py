"""Finding personal data in text, masking it, and putting it back. A library: no I/O, and no value in a log, an exception or a repr."""

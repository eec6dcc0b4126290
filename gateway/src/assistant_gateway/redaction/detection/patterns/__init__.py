"""The structured types, one module for each family: what a candidate looks like (Rust regex, bytes) and what confirms it.

Two ways lead to a find. A value that speaks for itself (a checksum, a prefix, a shape) is found by its shape: Shape, in a lane that
rules.py scans. A value that only its neighbours give away (`password: ...`, `born on ...`) is found from the word: Cue, by words.py.
"""

"""Which assistant is passed over next, and by which replica."""

"""How long what is kept is kept, and how it goes: expiry, erasure, export, and what can be said about them."""

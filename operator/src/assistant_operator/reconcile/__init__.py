"""One pass over one assistant (loop.py), and what it knows, asks, judges and does, a room for each."""

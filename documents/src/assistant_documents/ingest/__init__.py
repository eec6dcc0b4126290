"""Brings what the gateway holds of one source in line with a folder.

walk.py finds the files (globs.py chooses), gateway.py speaks the source API over http.py's connections, run.py decides what is sent,
skipped and removed.
"""

"""Reads documents: out of files that may be hostile, and out of folders that change.

Two commands, both run in the gateway's image. `python3 -m assistant_documents serve` turns files into text for the gateway, in a container
of its own that holds no secret (extraction/). `python3 -m assistant_documents ingest` walks one source and brings the gateway's store in
line with it (ingest/). Neither logs, reports or raises a file's name or a word of its text.
"""

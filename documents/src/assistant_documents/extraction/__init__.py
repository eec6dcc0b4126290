"""From the bytes of a file that nobody trusts to plain text.

server.py listens and never looks into a document; nursery.py is a second process that has the parsers loaded and forks a child for each
file; child.py runs there, confined by limits.py and syscalls.py, and hands the file to formats/. protocol.py is what travels between them
and what the gateway speaks.
"""

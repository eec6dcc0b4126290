"""The way out of an assistant that may reach hosts: a proxy for CONNECT that decides on the name, before it asks any resolver for it.

`python3 -m assistant_egress proxy` runs it, in a pod of its own beside the assistant's. What it may let through is a file that the operator
writes (rules.py); what it decided, and why, it counts and logs (reasons.py, decisions.py). The operator imports those three, and which
addresses are not public (addresses.py).
"""

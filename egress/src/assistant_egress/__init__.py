"""Shows from inside an assistant's pod what its containers cannot reach, and lets them reach the hosts that are allowed.

Four commands, all run in the gateway's image. `python3 -m assistant_egress gate` is the pod's first init container: it ends when all that
has to be out of reach has been seen to be. `python3 -m assistant_egress probe` keeps looking for as long as the pod lives. Both are told
by the operator what to try and answer what they saw (protocol.py); neither knows a name, a secret or a way out of its own.
`python3 -m assistant_egress canary` runs elsewhere, in the operator's namespace: it is what an assistant must not reach.
`python3 -m assistant_egress proxy` is the one way to what an assistant may reach by name (assistant_egress.proxy).
"""

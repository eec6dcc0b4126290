"""The internet, as far as the node can see: every address outside it, in a network namespace of its own.

    packets.py    records the first packet of every connection and every datagram that arrives: the receiving end's own proof
    canary.py     answers on the ports that a leak would use, whatever the address: without a policy a connection succeeds
    names.py      the DNS server: knows the model registries and the web server, and nothing else
    registry.py   the model registries, over HTTPS and HTTP; a control file lets tests slow it down, cut it or spoil it
    hosts.py      a web server on a public address, for assistants that may reach it by name
    world.py      paths, names and credentials that this process and the tests share

`python -m tests.cluster.outside FOLDER`, started inside the node by its first process, is all of it.
"""

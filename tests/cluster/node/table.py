"""Takes the nftables table by which the NetworkPolicy enforcer would hook itself in, and holds it for as long as this process lives.

The enforcer's packets come from rules of our own (enforcement.py). It tries to make its table all the same, six times with every pod that
comes, changes or goes, and again for each policy. Where the kernel lacks CONFIG_NFT_QUEUE the last step fails, and the kernel takes
the first ones back: with a hook that goes it drops all packets that wait in queues of the network namespace, those of everybody. Each was a
first packet that was lost, of connections and questions that no policy forbids. A table that has an owner is nobody else's to change, so
that the first step fails already.

    python -m tests.cluster.node.table
"""

import os

NAME = "kube-network-policies"
RULES = f"add table inet {NAME} {{ flags owner; }}\n"


def main() -> None:
    """Become nft, which has been told of the table and waits for more."""
    read, write = os.pipe()
    os.write(write, RULES.encode())
    os.dup2(read, 0)
    os.set_inheritable(write, True)  # by nft itself: its input never ends, and with nft the table goes
    os.execvp("nft", ["nft", "--interactive"])


if __name__ == "__main__":
    main()

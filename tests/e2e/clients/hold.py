"""Run inside a pod: open a TCP connection, and keep it busy until it ends; say "open" as long as it is, then "closed".

usage: python3 -c "$(cat hold.py)" HOST PORT
"""

import socket
import sys
import time

with socket.create_connection((sys.argv[1], int(sys.argv[2])), 10) as connection:
    try:
        while True:
            print("open", flush=True)
            connection.sendall(b"G")  # of a request that never ends: a server with patience waits for the rest
            time.sleep(0.5)  # the pace
    except OSError:
        print("closed", flush=True)

"""Run inside a pod: open a tunnel to a host through the proxy of its environment, and ask through it until it ends, saying "open".

usage: python3 -c "$(cat hold_tunnel.py)" HOST AUTHORITY     (AUTHORITY: PEM of whom to trust); says "closed" in the end.
"""

import http.client
import os
import ssl
import sys
import time
import urllib.parse

proxy = urllib.parse.urlsplit(os.environ["HTTPS_PROXY"])
connection = http.client.HTTPSConnection(
    proxy.hostname or "", proxy.port, context=ssl.create_default_context(cadata=sys.argv[2]), timeout=10
)
connection.set_tunnel(sys.argv[1], 443)
connection.connect()
connection.auto_open = 0  # never another one in its place
try:
    while True:
        print("open", flush=True)
        connection.request("GET", "/")
        connection.getresponse().read()
        time.sleep(0.5)  # the pace
except (OSError, http.client.HTTPException):
    print("closed", flush=True)

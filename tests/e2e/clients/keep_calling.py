"""Run inside a client pod: ask for the models again and again, each time over a new connection, until standard input ends.

usage: python3 -c "$(cat keep_calling.py)" ENDPOINT     (key in /key/api-key, CA in /ca/ca.crt); prints {"made", "failures"} as JSON.
"""

import http.client
import json
import select
import ssl
import sys
import time
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).hostname or ""
with open("/key/api-key", encoding="ascii") as file:
    headers = {"Authorization": f"Bearer {file.read()}"}
context = ssl.create_default_context(cafile="/ca/ca.crt")
made = 0
failures: list[list[float | str]] = []
while not select.select([sys.stdin], [], [], 0.2)[0]:  # five times a second
    connection = http.client.HTTPSConnection(host, 443, context=context, timeout=20)
    made += 1
    try:
        connection.request("GET", "/api/tags", headers=headers)
        if (status := connection.getresponse().status) != 200:
            failures.append([time.time(), status])
    except (OSError, http.client.HTTPException) as error:
        failures.append([time.time(), type(error).__name__])
    finally:
        connection.close()
print(json.dumps({"made": made, "failures": failures}))

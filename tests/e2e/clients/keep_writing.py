"""Run inside a client pod: add items to conversations, to all at once and each time over a new connection, until standard input ends.

usage: python3 -c "$(cat keep_writing.py)" ENDPOINT CONVERSATION...     (key in /key/api-key, CA in /ca/ca.crt)
Prints {"acknowledged": {conversation: [text, ...]}, "failures": [status or error, ...]} as JSON.
"""

import http.client
import json
import ssl
import sys
import threading
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).hostname or ""
with open("/key/api-key", encoding="ascii") as file:
    headers = {"Authorization": f"Bearer {file.read()}", "Content-Type": "application/json"}
context = ssl.create_default_context(cafile="/ca/ca.crt")
ended = threading.Event()
acknowledged: dict[str, list[str]] = {conversation: [] for conversation in sys.argv[2:]}
failures: list[int | str] = []


def write(conversation: str) -> None:
    number = 0
    while not ended.is_set():
        number += 1
        text = f"item {number}"
        body = json.dumps({"items": [{"type": "message", "role": "user", "content": text}]})
        connection = http.client.HTTPSConnection(host, 443, context=context, timeout=20)
        try:
            connection.request("POST", f"/v1/conversations/{conversation}/items", body, headers)
            answer = connection.getresponse()
            answer.read()
            if answer.status == 200:
                acknowledged[conversation].append(text)
            else:
                failures.append(answer.status)
        except (OSError, http.client.HTTPException) as error:
            failures.append(type(error).__name__)
        finally:
            connection.close()


threads = [threading.Thread(target=write, args=(conversation,)) for conversation in acknowledged]
for thread in threads:
    thread.start()
sys.stdin.read()
ended.set()
for thread in threads:
    thread.join()
print(json.dumps({"acknowledged": acknowledged, "failures": failures}))

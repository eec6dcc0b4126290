"""Run inside a client pod: send COUNT requests over one connection, one in every EACH a chat, the others for the models.

usage: python3 - ENDPOINT COUNT EACH MODEL < ask_often.py     (key in /key/api-key, CA in /ca/ca.crt); prints {status: how often} as JSON.
"""

import collections
import http.client
import json
import ssl
import sys
import urllib.parse

host = urllib.parse.urlsplit(sys.argv[1]).hostname or ""
count, each, model = int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
with open("/key/api-key", encoding="ascii") as file:
    headers = {"Authorization": f"Bearer {file.read()}", "Content-Type": "application/json"}
chat = json.dumps({"model": model, "messages": [{"role": "user", "content": "Hello."}], "max_tokens": 1})
connection = http.client.HTTPSConnection(host, 443, context=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=60)
found: collections.Counter[int] = collections.Counter()
for number in range(count):
    if number % each:
        connection.request("GET", "/api/tags", headers=headers)
    else:
        connection.request("POST", "/v1/chat/completions", chat, headers)
    answer = connection.getresponse()
    answer.read()
    found[answer.status] += 1
print(json.dumps(found))

"""Run inside a client pod: send requests as they are given, good or bad, and print [{"status": ..., "body": ...}, ...] as JSON.

usage: python3 - ENDPOINT REQUESTS < send.py     (key in /key/api-key, CA in /ca/ca.crt)
REQUESTS is JSON: [{"method", "path", "body" (text), "headers", "key" (another key, "" for none), "leave_after" (bytes)}, ...].
"""

import http.client
import json
import ssl
import sys
import urllib.parse

endpoint, requests = sys.argv[1], json.loads(sys.argv[2])
with open("/key/api-key", encoding="ascii") as file:
    own_key = file.read()
host = urllib.parse.urlsplit(endpoint).hostname or ""
context = ssl.create_default_context(cafile="/ca/ca.crt")
answers = []
for request in requests:
    connection = http.client.HTTPSConnection(host, 443, context=context, timeout=120)
    key = request.get("key", own_key)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {key}"} if key else {}) | request.get("headers", {})
    body = request.get("body")
    try:
        connection.request(request.get("method", "POST"), request["path"], body.encode() if body is not None else None, headers)
        answer = connection.getresponse()
        text = answer.read(request.get("leave_after"))
        answers.append({"status": answer.status, "body": text.decode(errors="replace"), "retry_after": answer.getheader("Retry-After")})
    except (OSError, http.client.HTTPException) as error:
        answers.append({"status": 0, "body": "", "error": type(error).__name__})
    finally:
        connection.close()
print(json.dumps(answers))

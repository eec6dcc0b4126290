"""Run inside a client pod: the Ollama SDK, unchanged but for host, key and CA. Prints one JSON object.

usage: python3 - ENDPOINT MODEL PROMPT < ollama_sdk.py     (key in /key/api-key, CA in /ca/ca.crt)
"""

import json
import ssl
import sys

from ollama import Client

endpoint, model, prompt = sys.argv[1:4]
with open("/key/api-key", encoding="ascii") as file:
    key = file.read()
client = Client(
    host=endpoint, headers={"Authorization": f"Bearer {key}"}, verify=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=120
)
messages = [{"role": "user", "content": prompt}]
options = {"num_predict": 24}

whole = client.chat(model=model, messages=messages, options=options)
parts = [part.message.content or "" for part in client.chat(model=model, messages=messages, options=options, stream=True)]
print(
    json.dumps(
        {
            "models": [found.model for found in client.list().models],
            "whole": whole.message.content,
            "generated": client.generate(model=model, prompt=prompt, options=options).response,
            "parts": len(parts),
            "streamed": "".join(parts),
        }
    )
)

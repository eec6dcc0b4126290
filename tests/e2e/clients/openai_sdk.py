"""Run inside a client pod: the OpenAI SDK, unchanged but for base URL, key and CA. Prints one JSON object.

usage: python3 - ENDPOINT MODEL PROMPT < openai_sdk.py     (key in /key/api-key, CA in /ca/ca.crt)
"""

import json
import ssl
import sys

import openai
from openai.types.chat import ChatCompletionMessageParam

endpoint, model, prompt = sys.argv[1:4]
with open("/key/api-key", encoding="ascii") as file:
    key = file.read()
trust = openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=120)
client = openai.OpenAI(base_url=f"{endpoint}/v1", api_key=key, http_client=trust, max_retries=0)
messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": prompt}]

whole = client.chat.completions.create(model=model, messages=messages, max_tokens=24, temperature=0, seed=1)
with client.chat.completions.create(model=model, messages=messages, max_tokens=24, temperature=0, seed=1, stream=True) as stream:
    parts = [chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices]
print(
    json.dumps(
        {
            "models": [found.id for found in client.models.list()],
            "whole": whole.choices[0].message.content,
            "tokens": whole.usage.completion_tokens if whole.usage else None,
            "parts": len(parts),
            "streamed": "".join(parts),
        }
    )
)

"""Run inside a client pod: the OpenAI SDK's conversations, unchanged; a chat of each TEXT in one of them. Prints one JSON object.

usage: python3 - ENDPOINT MODEL TEXT... < conversations_sdk.py     (key in /key/api-key, CA in /ca/ca.crt)
"""

import json
import ssl
import sys
from typing import Any

import openai

endpoint, model = sys.argv[1:3]
with open("/key/api-key", encoding="ascii") as file:
    key = file.read()
trust = openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=120)
client = openai.OpenAI(base_url=f"{endpoint}/v1", api_key=key, http_client=trust, max_retries=0)


def plain(item: Any) -> list[str]:
    """Return role and text of an item."""
    parts = item.content if isinstance(item.content, list) else [item.content]
    return [item.role, "".join(part if isinstance(part, str) else part.text for part in parts)]


conversation = client.conversations.create(metadata={"topic": "test"})
answers, prompt_tokens = [], []
for number, text in enumerate(sys.argv[3:]):
    body: dict[str, Any] = {"conversation": conversation.id}
    if number % 2:
        with client.chat.completions.create(
            model=model, messages=[{"role": "user", "content": text}], max_tokens=16, temperature=0, seed=1, stream=True, extra_body=body
        ) as stream:
            answers.append("".join(part.choices[0].delta.content or "" for part in stream if part.choices))
        prompt_tokens.append(0)
        continue
    whole = client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": text}], max_tokens=16, temperature=0, seed=1, extra_body=body
    )
    answers.append(whole.choices[0].message.content or "")
    prompt_tokens.append(whole.usage.prompt_tokens if whole.usage else 0)
items = list(client.conversations.items.list(conversation.id, order="asc"))
found = client.conversations.retrieve(conversation.id)
print(
    json.dumps(
        {
            "id": conversation.id,
            "answers": answers,
            "prompt_tokens": prompt_tokens,
            "items": [plain(item) for item in items],
            "metadata": found.metadata,
            "created_at": found.created_at,
        }
    )
)

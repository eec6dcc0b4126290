"""Run inside a client pod: the OpenAI SDK, unchanged, asks with use_context. Prints one JSON object for each question.

usage: python3 - ENDPOINT MODEL QUESTION... < context_sdk.py     (key in /key/api-key, CA in /ca/ca.crt)
"""

import json
import ssl
import sys
from typing import Any

import openai
from openai.types.chat import ChatCompletionMessageParam

endpoint, model = sys.argv[1:3]
with open("/key/api-key", encoding="ascii") as file:
    key = file.read()
trust = openai.DefaultHttpxClient(verify=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=120)
client = openai.OpenAI(base_url=f"{endpoint}/v1", api_key=key, http_client=trust, max_retries=0)


def sources(holder: Any) -> list[dict[str, Any]] | None:
    """Return what the SDK passes through: it knows no such field and keeps it."""
    found: list[dict[str, Any]] | None = (holder.model_extra or {}).get("sources")
    return found


def files(found: list[dict[str, Any]] | None) -> list[str] | None:
    return None if found is None else [one["document"]["doc_metadata"]["file_name"] for one in found]


answers = []
for question in sys.argv[3:]:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": question}]
    context = {"use_context": True}
    whole = client.chat.completions.create(model=model, messages=messages, max_tokens=16, temperature=0, seed=1, extra_body=context)
    streamed = None
    with client.chat.completions.create(
        model=model, messages=messages, max_tokens=16, temperature=0, seed=1, stream=True, extra_body=context
    ) as stream:
        for chunk in stream:
            if chunk.choices and streamed is None:
                streamed = sources(chunk.choices[0])
    found = sources(whole.choices[0])
    answers.append(
        {
            "files": files(found),
            "streamed": files(streamed),
            "texts": [one["text"] for one in found or ()],
            "scores": [one["score"] for one in found or ()],
            "content": whole.choices[0].message.content,
        }
    )
print(json.dumps(answers))

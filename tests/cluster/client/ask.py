"""Runs in the demo's client pod: asks an assistant one question with the OpenAI SDK, as any application would.

python3 ask.py BASE_URL MODEL QUESTION        key and authority are mounted below /etc/assistant
"""

import ssl
import sys
import time

import openai


def main() -> None:
    """Print the answer as it comes, and on a line of its own the figures."""
    base_url, model, question = sys.argv[1:]
    with open("/etc/assistant/key/api-key") as file:
        key = file.read().strip()
    context = ssl.create_default_context(cafile="/etc/assistant/ca/ca.crt")
    client = openai.OpenAI(
        base_url=base_url, api_key=key, http_client=openai.DefaultHttpxClient(verify=context, timeout=120), max_retries=0
    )
    begin, first = time.monotonic(), 0.0
    with client.chat.completions.create(
        model=model, messages=[{"role": "user", "content": question}], temperature=0, max_tokens=120, stream=True
    ) as stream:
        for chunk in stream:
            text = chunk.choices[0].delta.content if chunk.choices else None
            if text:
                first = first or time.monotonic()
                print(text, end="", flush=True)
    print()
    print(f"first words after {first - begin:.2f} s, all of it after {time.monotonic() - begin:.2f} s")


if __name__ == "__main__":
    main()

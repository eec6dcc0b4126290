"""Run inside a client pod: PrivateGPT's own SDK (pgpt-python), unchanged but for key and CA. Prints one JSON object.

usage: python3 - ENDPOINT TEXT QUESTION < privategpt_sdk.py     (key in /key/api-key, CA in /ca/ca.crt)
"""

import io
import json
import ssl
import sys

import httpx
from pgpt_python.client import PrivateGPTApi  # type: ignore[import-untyped]
from pgpt_python.types import ContextFilter  # type: ignore[import-untyped]

endpoint, text, question = sys.argv[1:4]
with open("/key/api-key", encoding="ascii") as file:
    headers = {"Authorization": f"Bearer {file.read()}"}
client = PrivateGPTApi(
    base_url=endpoint,
    httpx_client=httpx.Client(headers=headers, verify=ssl.create_default_context(cafile="/ca/ca.crt"), timeout=120),
)

health = client.health.health().status
by_text = client.ingestion.ingest_text(file_name="note.txt", text=text).data
page = io.BytesIO(f"<html><body><h1>Page</h1><p>{text}</p></body></html>".encode())
page.name = "page.html"
by_file = client.ingestion.ingest_file(file=page).data
listed = [one.doc_id for one in client.ingestion.list_ingested().data]
own = ContextFilter(docs_ids=[one.doc_id for one in by_text])
chunks = client.context_chunks.chunks_retrieval(text=question, context_filter=own, limit=2).data
completion = client.contextual_completions.prompt_completion(prompt=question, use_context=True, context_filter=own, include_sources=True)
streamed = [
    source.document.doc_id
    for part in client.contextual_completions.prompt_completion_stream(
        prompt=question, use_context=True, context_filter=own, include_sources=True
    )
    for choice in part.choices
    for source in choice.sources or ()
]
embedding = client.embeddings.embeddings_generation(input=question).data[0].embedding
for one in (*by_text, *by_file):
    client.ingestion.delete_ingested(one.doc_id)
left = {one.doc_id for one in client.ingestion.list_ingested().data}
print(
    json.dumps(
        {
            "health": health,
            "by_text": [one.doc_id for one in by_text],
            "by_file": [one.doc_id for one in by_file],
            "listed": listed,
            "chunks": [[one.document.doc_id, one.text] for one in chunks],
            "completion": [source.document.doc_id for choice in completion.choices for source in choice.sources or ()],
            "content": [choice.message.content for choice in completion.choices if choice.message],
            "streamed": streamed,
            "dimensions": len(embedding),
            "left": sorted(left),
        }
    )
)

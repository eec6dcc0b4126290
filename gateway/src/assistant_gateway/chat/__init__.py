"""Chats that use what the assistant keeps: documents as context, a conversation that goes on, and PrivateGPT's way of asking for both.

wanted.py reads from a request what it asks for, and says no; turn.py does it; prompt.py writes the context that the model is shown;
openai.py and ollama.py read and dress the answers of each wire format; history.py puts kept messages into them.
"""

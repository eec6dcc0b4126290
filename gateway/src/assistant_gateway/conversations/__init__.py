"""Conversations that the assistant keeps, where its resource says so: OpenAI's Conversations API, and the memory of chats that name one."""

"""The model's opinion of each word, and what becomes of it."""

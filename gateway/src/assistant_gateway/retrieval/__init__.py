"""Finding pieces of documents for a question, among those that the asking key may read."""

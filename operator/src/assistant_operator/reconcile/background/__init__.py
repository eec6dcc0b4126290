"""What is done for all assistants at once, beside the passes."""

"""What is known of words: names, nouns, small words, things; and what one says of the next."""

"""How content is sealed: a key for each conversation and document, wrapped by keys that are not in the store.

Import the modules themselves: errors.py needs nothing, the others load cryptography, which an assistant that keeps nothing does without.
"""

"""The assistant's documents: taken in, cut, embedded, sealed and kept in step with the policy. Finding them is retrieval/'s business.

Nothing is imported here: an assistant without documents does not pay for them.
"""

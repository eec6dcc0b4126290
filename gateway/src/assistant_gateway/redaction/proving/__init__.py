"""The rules tried on made-up values, at the start and every minute."""

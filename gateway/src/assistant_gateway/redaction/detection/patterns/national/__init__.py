"""Numbers that states give to people, and what tells them from any other number."""

"""What stands in a value's place, and the way back."""

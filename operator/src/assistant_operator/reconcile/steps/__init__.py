"""What a pass does: each part of it in one module, in the order of effort.py."""

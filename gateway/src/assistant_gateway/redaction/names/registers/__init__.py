"""What kind of text it is: chat, a manual and a program write names, and what looks like them, each in its own way."""

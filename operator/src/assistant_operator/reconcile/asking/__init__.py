"""What is asked of pods and of DNS in the background, and what came back: no pass waits for an answer."""

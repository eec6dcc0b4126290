"""People, places, organisations and addresses: rules and a small model, in a process of their own.

client.py is what the gateway calls, worker.py the process, detector.py what it does with a text. See docs for the measured table.
"""

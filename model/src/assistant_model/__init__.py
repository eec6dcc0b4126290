"""Brings a model's weights onto a volume and proves that they are the ones that were asked for.

Two small commands, run in the gateway's image: `python -m assistant_model pull` in the pull Job, `python -m assistant_model check`
before the model server starts. The operator imports only `reference`.
"""

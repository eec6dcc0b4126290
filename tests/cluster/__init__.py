"""Brings up the clusters that the project is developed and tested on; `python -m tests.cluster` is its command line.

interface.py says what a cluster can do. Three kinds stand behind it: node/ (a real single node, built from Go modules), kind.py (where
Docker runs) and apiserver.py (etcd and kube-apiserver alone, for integration tests).
"""

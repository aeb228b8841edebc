"""Kubernetes tools: what can be looked at and changed in one cluster."""

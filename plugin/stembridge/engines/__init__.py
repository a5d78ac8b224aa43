"""Separators: the port, the registry, and the embedded engine."""

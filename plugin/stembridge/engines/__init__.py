"""Separators: the port, the registry, the embedded engine, and MVSEP."""

"""The embedded engine. Importing it loads nothing heavy."""

from stembridge.engines.offline.engine import OfflineEngine

__all__ = ["OfflineEngine"]

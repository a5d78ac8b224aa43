"""Samples: float32, frames x channels, in blocks; files at the edge."""

"""Codecs and containers: how each kind of file is opened, counted and decoded to the sample.

`stembridge.audio.files` and `stembridge.audio.writers` are the doors to it.
"""

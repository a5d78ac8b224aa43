"""What stands between a host and the core: the worker, the questions, the protocol's description."""

"""Job folders: what survives the host, the worker and the machine, and the runner that carries on."""

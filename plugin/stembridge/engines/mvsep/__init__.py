"""The engine `mvsep`: the service behind the port of the engines."""

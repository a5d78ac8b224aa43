"""The REAPER bridge: Lua scripts, and the Python that installs them and edits project files."""

"""The Audacity bridge: a client of mod-script-pipe, menu plug-ins, and what installs them."""

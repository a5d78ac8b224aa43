"""Stembridge: separate a region of audio into stems and put them back on the same samples.

The package is a set of layers; each knows only those below it:

    cli      composition root: commands, display, exit codes
    bridge   what a host writes and reads: requests, the worker
    jobs     job folders: store, lock, events, the runner
    report   report.json and report.png
    engines  the port for separators, the embedded engine, and MVSEP behind the port
    audio    float32 frames x channels inside, files at the edge
    mvsep    everything that knows the service; beside audio
    sandbox  a stand-in for the service, for trying and testing; beside engines
    model    values: regions, stems, formats, states, errors
"""

__version__ = "0.1.0"

"""Stembridge: separate a region of audio into stems and put them back on the same samples.

The package is a set of layers; each knows only those below it:

    cli      composition root: commands, display, exit codes
    bridge   what a host writes and reads: requests, the worker
    jobs     job folders: store, lock, events, the runner
    report   report.json and report.png
    engines  the port for separators, and the embedded engine
    audio    float32 frames x channels inside, files at the edge
    model    values: regions, stems, formats, states, errors
"""

__version__ = "0.1.0"

"""A stand-in for the MVSEP service, on this machine's loopback.

    server       `Sandbox`: everything in one piece
    http, forms, wire    requests and replies, streamed
    site, quality, remote    the calls of the API page
    service, jobs, accounts, catalogue    the rules: slots, quota, credits, states, prices
    workshop, encode    separating and encoding, for real
    splitters, outputs    quick separators for trying things out

For hosts, scripts and tests: no account, no credits, no audio that leaves the machine.
"""

"""Everything that knows the MVSEP service, and nothing else does.

    transport    the only `import httpx`: limits, retries, redaction, error mapping
    download     files: `.part`, resume, checks, rename
    client       one method per endpoint
    replies      typed replies; a wrong shape is a `ProtocolError` with the service's own words
    catalogue    the separation types: built in, live, searched, checked

Importing this package loads nothing; httpx comes with the first request.
"""

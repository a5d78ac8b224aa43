"""The engine that has MVSEP separate: the client of `stembridge.mvsep` behind the port.

    keys        where the account's key is kept
    budget      requests a minute, counted over all processes of a key
    service     a client for the configured service
    accounts    the plan as it was last seen
    pricing     what an order costs, and what stands against it
    prepare     the neutral file that is sent
    orders      ordering, finding and adopting
    polling     how an order stands, and the list of what it gave
    fetching    several downloads at once, each verified
    results     from the service's files to stems
    text        from any shape of transcript to text, subtitles and labels
    engine      the port itself

Importing this package loads nothing.
"""

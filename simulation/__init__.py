"""
A year of a large cloud on a virtual clock, placed by the daemon's own code: ``make simulate``.

No sockets, no threads of the daemon's, no real time: the same seed gives the same figures.
"""

"""
Several processes that serve one set of ports: the supervisor, which serves nothing, and its workers, each a whole daemon.
"""

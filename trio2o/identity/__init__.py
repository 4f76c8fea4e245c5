"""
The boundary to Keystone: who a token stands for, the daemon's own token, and the catalog.
"""

"""
The APIs that the daemon serves, as data: one table per surface, a row per operation.
"""

"""
What pods say of how full they are: asked by one process of all that share a database, read by every one.
"""

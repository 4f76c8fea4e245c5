"""
Trio2o makes many OpenStack clouds act as one.
"""

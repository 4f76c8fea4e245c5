"""
The Admin API v1.0: Trio2o's own surface.
"""

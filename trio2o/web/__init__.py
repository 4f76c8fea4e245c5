"""
The front ends: HTTP in, strategies, HTTP out.
"""

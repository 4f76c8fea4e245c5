"""
The durable queue's working end: who does jobs, and when.
"""

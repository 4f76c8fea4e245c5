"""
The queue of jobs: who works at what, and when.
"""

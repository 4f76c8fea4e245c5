"""
What a process holds in memory, and what keeps it equal to the database.
"""

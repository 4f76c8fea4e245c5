"""
What outlives the process: PostgreSQL behind the interfaces, and the twins in memory that tests use.
"""

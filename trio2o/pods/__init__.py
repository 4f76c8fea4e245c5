"""
The way to the pods: connections, budgets, breakers, and what is known of them.
"""

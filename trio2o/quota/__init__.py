"""
What projects may have over all pods: the resources that services count, and whose limit holds. Pure.
"""

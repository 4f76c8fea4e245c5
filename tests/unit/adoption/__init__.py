"""
Adoption: pods to routes, and routes to pods.
"""

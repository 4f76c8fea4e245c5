"""
Which pod a new resource goes to: filters, weighers, the order that comes of them, and what becomes of the binding. Pure.
"""

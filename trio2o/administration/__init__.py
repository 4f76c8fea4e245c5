"""
What an operator does with pods, bindings and routes: the use cases behind the Admin API.

They take and give values, know nothing of HTTP, and say no with the exceptions of :mod:`trio2o.errors`.
"""

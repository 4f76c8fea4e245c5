"""
Tests of :mod:`trio2o.usage`.
"""

"""
The unit tests of ``trio2o.administration``.
"""

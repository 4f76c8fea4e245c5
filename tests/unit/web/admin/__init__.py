"""
The unit tests of ``trio2o.web.admin``.
"""

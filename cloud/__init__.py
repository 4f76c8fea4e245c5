"""
A real OpenStack on one machine, for Trio2o to stand in front of: see ``docs/cloud.rst``.
"""

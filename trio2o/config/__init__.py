"""
The configuration: one YAML file, typed; every mistake is told at once, with its path, before anything starts.
"""

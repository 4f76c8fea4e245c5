"""
tempest, OpenStack's own suite, at a pod and at the top region: what passes at one passes at the other.
"""

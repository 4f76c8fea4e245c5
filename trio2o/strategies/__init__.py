"""
How operations are carried out: where the pure core, the pods and the storage meet.
"""

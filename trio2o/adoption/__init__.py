"""
What the pods have and what the routes say, brought together from both ends: a sweep adopts what pods have (I7), and a
cleaner ends routes whose resource is no more.
"""

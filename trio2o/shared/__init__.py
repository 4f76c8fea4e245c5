"""
What pods have the same, kind by kind: how a pod shows it, and which calls make one pod's into what is wanted.

Pure but for the questions that an adapter is given a way to ask.
"""

"""
Making a pod's answers the top region's, and requests a pod's, as bytes where that is enough. Pure.
"""

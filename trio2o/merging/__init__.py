"""
Lists of several pods as one cloud would give them: order, pages, links, counts. Pure.
"""

"""
Races over several processes, with the figures that they give: ``make race``. The functional tier runs each of them small.
"""

"""
A case for every row of the surface tables: where its request goes, what strangers and a failing pod make of it, and that
it is the row which does so. ``python -m tests.functional.rows`` names rows without a case, and cases without a row.
"""

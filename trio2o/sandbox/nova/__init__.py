"""
A fake Nova: Compute API v2.1 with its microversions, for what a gateway in front of it uses.

Statuses, headers, keys and words were compared with a Nova 34. `make_nova` is in
`trio2o.sandbox.nova.service`.
"""

"""
The daemon as users meet it: processes of their own, a real Keystone, and the real clients.
"""

"""
``make sandbox``: a real Keystone, fake pods and the daemon on one machine, and a tour of them with the real client.
"""

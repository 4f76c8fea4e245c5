"""
The forwarder against nginx, HAProxy and bare Twisted, in one run: ``make bench``.
"""

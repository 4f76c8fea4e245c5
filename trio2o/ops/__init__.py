"""
Running the daemon: metrics, logs, draining, reloading, and telling systemd.
"""

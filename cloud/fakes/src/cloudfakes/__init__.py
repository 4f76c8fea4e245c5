"""
Back ends without hardware for Cinder and Neutron; Nova's is ``nova.virt.cloudfake``.
"""

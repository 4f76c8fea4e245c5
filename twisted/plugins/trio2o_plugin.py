"""
Tells ``twistd`` of the ``trio2o`` command.
"""

from twisted.application.service import ServiceMaker

trio2o = ServiceMaker("trio2o", "trio2o.tap", "One region out of many OpenStack clouds.", "trio2o")

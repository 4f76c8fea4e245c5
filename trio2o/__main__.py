"""
``python -m trio2o``: the ``trio2o`` command.
"""

import sys

from trio2o.cli import main

sys.exit(main())

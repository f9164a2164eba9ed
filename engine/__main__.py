"""``python -m engine`` is the command line ``l4s``."""

import sys

from engine.cli import main

sys.exit(main())

"""Where the packaged application begins."""

import multiprocessing
import sys

from timmy_desktop.cli import main

if __name__ == "__main__":
    multiprocessing.freeze_support()  # a process of the pool that verifies the log begins here too
    sys.exit(main())

"""Where the packaged application begins."""

import multiprocessing
import os
import sys

from timmy_desktop.cli import main
from timmy_desktop.own_process import release_libraries

if __name__ == "__main__":
    release_libraries(os.environ)
    multiprocessing.freeze_support()  # a process of the pool that verifies the log begins here too
    sys.exit(main())

"""`timmy-desktop` itself, and `timmy-desktop screenshot`."""

from __future__ import annotations

import argparse
import gc
import os
import sys

from timmy_desktop.paths import Paths

NO_DISPLAY = (
    "There is no display, so the window can't open. Run the swarm without one (--headless), or give it a "
    "virtual display: xvfb-run -a timmy-desktop"
)


def window(options: argparse.Namespace) -> int:
    """Opens the window and returns when it was closed; 2 where there is no display."""
    if not has_display():
        print(NO_DISPLAY, file=sys.stderr)
        return 2
    # Until the first paint everything that is made stays, so looking for garbage finds none: a tenth of the
    # time. After that app collects on the window's own thread.
    gc.disable()
    # The services' modules are not imported here: the window is painted before they are needed.
    from timmy_desktop.app import run_window

    return run_window(Paths.default(options.data_dir))


def screenshot(options: argparse.Namespace) -> int:
    """Writes the pictures and prints their paths; 2 when that can't be done."""
    from timmy_desktop.app import take_screenshots
    from timmy_desktop.cli.session import EXPECTED_ERRORS, complain
    from timmy_desktop.settings import load_settings

    paths = Paths.default(options.data_dir)
    try:
        theme = options.theme or load_settings(paths.config_file).theme
        pictures = take_screenshots(
            paths, options.out, panel=options.panel, part=options.part, themes=[theme], size=options.size
        )
    except FileExistsError:
        complain(OSError(f"{options.out} is a file. Name a folder for the pictures."))
        return 2
    except KeyError as error:
        complain(ValueError(_no_such_panel(str(error.args[0]))))
        return 2
    except EXPECTED_ERRORS as error:
        complain(error)
        return 2
    for picture in pictures:
        print(picture)
    return 0


def _no_such_panel(named: str) -> str:
    from timmy_desktop.gui.panels import PANELS

    panel, _, part = named.partition(", ")
    names = [spec.name for spec in PANELS]
    if part and panel in (*names, "window"):
        return f"The {panel} has no part called {part}."
    return f"There is no panel called {panel}. There are: {', '.join(names)}."


def has_display() -> bool:
    """Whether Qt has somewhere to put a window: macOS, X11, Wayland, or a platform that was named."""
    variables = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return sys.platform == "darwin" or any(os.environ.get(name) for name in variables)

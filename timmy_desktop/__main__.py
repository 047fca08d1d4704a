"""`python -m timmy_desktop` is the `timmy-desktop` command."""

from timmy_desktop.cli import main

if __name__ == "__main__":
    raise SystemExit(main())

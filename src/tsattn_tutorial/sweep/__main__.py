"""The command line: ``python -m tsattn_tutorial.sweep --help``."""

from tsattn_tutorial.sweep.command import main

if __name__ == "__main__":  # workers import this module too
    main()

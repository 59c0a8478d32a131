"""`python -m daemon` is `loom`."""

from daemon.cli import main

if __name__ == "__main__":
    main()

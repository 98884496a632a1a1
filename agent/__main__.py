"""I/O: terminal. `python -m agent` is `gracious`."""

from agent.cli import main

if __name__ == "__main__":
    main()

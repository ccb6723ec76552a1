"""`python -m bertline`."""

from bertline.cli import main

if __name__ == "__main__":
    main()

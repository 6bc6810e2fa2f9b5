"""`python -m tianren` is `tianren`."""

from tianren.cli import main

main()

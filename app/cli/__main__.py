"""`python -m app.cli` is `tianbao`."""

from app.cli import main

main(prog_name="tianbao")

"""`python -m stembridge`: how a worker starts itself."""

from stembridge.cli import main

main()

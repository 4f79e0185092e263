"""`python -m seqnlp` is `seqnlp`."""

from seqnlp.cli.app import main

if __name__ == "__main__":
    main()

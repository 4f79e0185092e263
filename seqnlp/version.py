"""Version of seqnlp, alone here so that both ends of the package may read it."""

VERSION = "0.1.0"

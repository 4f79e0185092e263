"""Version of seqnlp, alone here: both ends of the package may read it."""

VERSION = "0.1.0"

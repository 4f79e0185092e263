"""Folder of files that can be made again."""

from pathlib import Path


def cache_folder() -> Path:
    """Cache of the user on this system: `$XDG_CACHE_HOME/seqnlp` or `~/.cache/seqnlp` on Linux."""
    from platformdirs import user_cache_path  # slow to import; a start does without

    return user_cache_path("seqnlp", appauthor=False)

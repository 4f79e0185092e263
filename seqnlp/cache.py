"""Folders of the user on this system."""

from pathlib import Path


def cache_folder() -> Path:
    """Folder of files that can be made again: `$XDG_CACHE_HOME/seqnlp` or `~/.cache/seqnlp` on Linux."""
    from platformdirs import user_cache_path  # slow to import; a start does without

    return user_cache_path("seqnlp", appauthor=False)


def state_folder() -> Path:
    """Folder of persistent state: `$XDG_STATE_HOME/seqnlp` or `~/.local/state/seqnlp` on Linux."""
    from platformdirs import user_state_path

    return user_state_path("seqnlp", appauthor=False)

"""Notes about the data, and progress of preparations, for listeners."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_listener: ContextVar[Callable[[str], None] | None] = ContextVar("listener", default=None)
_watcher: ContextVar[Callable[[str, float], None] | None] = ContextVar("watcher", default=None)


def note(line: str) -> None:
    """Pass a warning about the data to the listener, if any."""
    listener = _listener.get()
    if listener is not None:
        listener(line)


def once(listener: Callable[[str], None]) -> Callable[[str], None]:
    """Wrap a listener so that it hears each line once."""
    heard: set[str] = set()

    def hear(line: str) -> None:
        if line not in heard:
            heard.add(line)
            listener(line)

    return hear


@contextmanager
def notes_to(listener: Callable[[str], None]) -> Iterator[None]:
    """Collect the notes of this block, each once: readers are called through layers that know nothing of them."""
    token = _listener.set(once(listener))
    try:
        yield
    finally:
        _listener.reset(token)


def progress(activity: str, share: float) -> None:
    """Tell the watcher, if any, the done share of an activity."""
    watcher = _watcher.get()
    if watcher is not None:
        watcher(activity, share)


@contextmanager
def progress_to(watcher: Callable[[str, float], None]) -> Iterator[None]:
    """Watch the progress of preparations in this block."""
    token = _watcher.set(watcher)
    try:
        yield
    finally:
        _watcher.reset(token)

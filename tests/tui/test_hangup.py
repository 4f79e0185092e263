"""An application whose terminal has gone leaves, even where no signal tells it."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest

if sys.platform == "win32":
    pytest.skip("there are no pseudo-terminals", allow_module_level=True)

from tests.tui.pty_terminal import ROOT, application


def test_it_leaves_with_its_terminal(tmp_path: Path) -> None:
    own, other = os.openpty()
    env = os.environ | {"TERM": "xterm-256color", "PYTHONPATH": str(ROOT), "COLUMNS": "80", "LINES": "24"}
    process = subprocess.Popen(  # in a session of its own, so that the terminal does not control it
        application(), stdin=other, stdout=other, stderr=other, cwd=tmp_path, env=env, start_new_session=True
    )
    os.close(other)
    try:
        seen, end = b"", time.monotonic() + 60
        while b"Nothing is trained yet" not in seen:
            assert time.monotonic() < end, seen[-500:]
            if select.select([own], [], [], 1)[0]:
                seen += os.read(own, 65536)
        os.close(own)
        assert process.wait(30) == 129
    finally:
        process.kill()
        process.wait()

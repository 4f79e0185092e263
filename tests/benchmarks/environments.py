"""Virtual environments of the peers, made by pip below one folder."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.process import TOLD, Failed

CONSTRAINTS = ["torch<2.14"]
"""As in the README: the newest torch that this project is tested with, for all alike."""


@dataclass(frozen=True)
class Environment:
    """Packages that a peer needs; those of the environment that this command runs in, if there are none."""

    name: str = ""
    requirements: tuple[str, ...] = ()
    told: tuple[str, ...] = ("torch",)
    """Packages whose versions are told."""

    def python(self, folder: Path) -> Path:
        return folder / self.name / "bin" / "python" if self.name else Path(sys.executable)

    def make(self, folder: Path) -> None:
        """Install what is not there yet.

        Raises:
            Failed: pip's last word.
        """
        if not self.name:
            return
        folder.mkdir(parents=True, exist_ok=True)
        asked, done = "\n".join((*self.requirements, *CONSTRAINTS)), folder / self.name / "installed.txt"
        if done.exists() and done.read_text() == asked:
            return
        constraints = folder / "constraints.txt"
        constraints.write_text("\n".join(CONSTRAINTS) + "\n")
        python = str(self.python(folder))
        if not Path(python).exists():
            _call([sys.executable, "-m", "venv", str(folder / self.name)])
        _call([python, "-m", "pip", "install", "--quiet", "--constraint", str(constraints), *self.requirements])
        done.write_text(asked)

    def versions(self, folder: Path) -> str:
        code = (
            "import importlib.metadata as m, json, sys; print(json.dumps([m.version(name) for name in sys.argv[1:]]))"
        )
        found = json.loads(_call([str(self.python(folder)), "-c", code, *self.told]))
        return ", ".join(f"{name} {version}" for name, version in zip(self.told, found, strict=True))


def _call(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        lines = [line for line in done.stderr.strip().splitlines() if not line.startswith("WARNING")]
        raise Failed((lines[-1] if lines else f"exit code {done.returncode}")[:TOLD])
    return done.stdout

"""Kills while columns are encoded into the cache: each entry is whole, or made again."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from seqnlp.readers.cache import LOCKS

KILLS = 30

ENCODE_UNTIL_KILLED = """
import os, random, signal, sys, time
from datasets import Dataset
from seqnlp.codecs import Column
from seqnlp.notes import notes_to
from seqnlp.readers import cache
from seqnlp.tasks import kept_arrays
from seqnlp.tasks.kept_columns import text_column

kept_arrays.LARGE = 1
tables = [Dataset.from_dict({"form": [[f"{n}", f"{row % (n + 200)}", "x"] for row in range(4000)]}) for n in range(6)]
chance, caught, damaged = random.Random(1), 0, []
for kill in range(int(sys.argv[1])):
    child = os.fork()
    if child == 0:
        cache._held.clear()
        for number in range(10**9):
            cache.remove(next(iter(cache.column_folder().glob("*")), cache.column_folder() / "none"))
            text_column(tables[number % len(tables)], "form")
    time.sleep(chance.uniform(0.02, 0.08))
    os.kill(child, signal.SIGKILL)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    caught += len(list(cache.column_folder().rglob("*.tmp")))
    with notes_to(damaged.append):
        table = tables[kill % len(tables)]
        found, expected = text_column(table, "form"), Column.from_dataset(table, "form")
    assert found.distinct == expected.distinct
    assert (found.codes.values == expected.codes.values).all()
    for entry in list(cache.entries(cache.column_folder())):
        cache.release(entry.path)
assert not [line for line in damaged if "damaged" in line], damaged
print(caught)
"""


@pytest.mark.faults
@pytest.mark.skipif(not LOCKS, reason="needs fork")
def test_thirty_kills_while_encoding(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ENCODE_UNTIL_KILLED, str(KILLS)],
        capture_output=True,
        text=True,
        timeout=300,
        env={**os.environ, "OMP_NUM_THREADS": "1", "XDG_CACHE_HOME": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    print(f"{KILLS} kills while columns were encoded, {done.stdout.strip()} in the middle of a file")
    assert int(done.stdout) > 0, "no kill came in the middle of a file, so nothing was tested"

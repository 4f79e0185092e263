"""Run directory: everything that a training leaves behind.

| file | content |
|---|---|
| directory.py | `Run`: the only owner of the file names |
| lock.py | one training at a time |
| files.py | atomic writes, reading JSON, refusing links |
| digests.py | digests of files, and seals: digests that files carry |
| tensors.py | tensors and a JSON object in one safetensors file |
| events_log.py | events.jsonl, also followed while it is written |
| edits.py | how an edited recipe differs |
| meta.py | content of meta.json |
| records.py | types of the JSON files, checked when one is read |
| summary.py | scores, a run in one line, and its curves |
"""

from seqnlp.run.directory import FORMAT, Run

__all__ = ["FORMAT", "Run"]

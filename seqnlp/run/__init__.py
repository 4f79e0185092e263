"""The run directory that a training leaves behind.

| file | what is in it |
|---|---|
| directory.py | `Run`: the only owner of the file names |
| codec_files.py | its codecs, and how their files are named |
| lock.py | only one training at a time |
| files.py | writing whole or not at all, reading JSON |
| tensors.py | tensors and a JSON object in one safetensors file |
| events_log.py | events.jsonl, also followed while it is written |
| meta.py | what meta.json says of a training |
| scores.py | how scores.json is read |
| summary.py | a run in one line, and its curves |
| model_card.py | README.md, the model card |
"""

from seqnlp.run.directory import FORMAT, Run

__all__ = ["FORMAT", "Run"]

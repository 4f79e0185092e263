"""A process of its own that holds models for the terminal application.

| file | what is in it |
|---|---|
| protocol.py | what is said: one JSON object a line |
| answers.py | what can be asked: each question is one call of the library |
| serve.py | several questions at once, token by token |
| __main__.py | `python -m seqnlp.worker` |
"""

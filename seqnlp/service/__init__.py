"""A process that holds models for the terminal application.

| file | what is in it |
|---|---|
| protocol.py | requests and answers, one JSON object a line |
| server.py | several requests at once, in turns |
| handlers.py | one call of the library for each request |
| client.py | the other end, for an application |
| __main__.py | `python -m seqnlp.service` |
"""

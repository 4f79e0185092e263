"""Model service: a process that holds models for the terminal application.

| file | what is in it |
|---|---|
| protocol.py | requests and answers, one JSON object a line |
| server.py | several requests at once, in turns |
| handlers.py | opening of runs, and the handler of a request |
| requests/ | kinds of requests, a file a task |
| client.py | the application's end: `ModelService`, and the client that starts the process |
| corrections.py | corrections of predictions as training data |
| fetching.py | download of a corpus in a process of its own |
| __main__.py | `python -m seqnlp.service` |
"""

"""Kinds of requests, a file a task: `HANDLERS` by kind. The registry of tasks names the file."""

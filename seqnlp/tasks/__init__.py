"""Tasks, a folder each; `registry` names them without torch."""

"""The terminal application: `seqnlp tui`.

Nothing here imports torch or numpy: models live in a process of their own (`seqnlp.service`), so that the first
picture is there at once and no computation can freeze it.

| file | what is in it |
|---|---|
| app.py | the application: themes, help, palette, and the model service |
| screens/ | home, a run, two runs, a recipe, a training, overlays |
| panels/ | one panel for each task |
| widgets/ | the parts of screens and panels |
| configuration/ | the configuration file, names of keys, what a start finds again |
| listing.py | the runs in a folder |
| run_order.py, run_preview.py, run_trash.py | order of the runs, what is told of one, deletion with undo |
| corrections.py | labels that were corrected by hand |
| exports.py | files that a screen is exported to |
| fetches.py | downloads of corpora |
| trainings.py | training processes: started, paused, stopped, found again |
| training_lines.py | the status of a training as styled lines |
| session.py, token_buffer.py | the texts of a language model's panel |
| history.py | texts, prompts and drafts, kept in files |
| matching.py | which items a filter shows, the best match first |
| flow_layout.py | cells in lines as words in a paragraph, and brackets below them |
| screen_buffer.py, terminal.py | output: only the cells that change are sent |
| themes.py | colours |
| openable.py, palette.py | what is used once its widgets are there; the command palette |
| errors.py | notifications of failed requests, the log of unexpected exceptions |
| web.py, page.py, templates/ | the same in a browser |
"""

"""Widgets of screens and panels.

| file | what is in it |
|---|---|
| header.py, key_hints.py | the first and the last line of a screen |
| prompt.py | text input, of several lines or one |
| settings_panel.py | settings that keys, mouse and wheel change |
| lines.py | columns, and scrollable lines |
| choice_list.py | a filtered list, one of it chosen |
| dialog.py, ask.py, list_dialog.py | overlays: their base, a question with a line, a list with a filter |
| run_list.py, run_preview.py | the table of runs, and what is known of one |
| recipes.py | the list of recipes, and the text of one with its faults |
| chart_view.py, forecast_view.py | charts of curves and of a forecast |
| sides.py | two widgets side by side |
| token_view.py, alternatives.py | generated text, and the alternatives of a token |
| word_flow.py | words with annotations, and a cursor |
| tagged_view.py, weighed_view.py | such words with tags and spans, or with contributions |
| class_bars.py, label_table.py, weight_table.py | class probabilities, those of a word's labels, the strongest words |
| hypotheses.py, attention_grid.py | an n-best list, and an attention matrix |
"""

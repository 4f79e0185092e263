"""Plots in terminal text, SVG and PNG.

axes.py          ranges with round ticks, and the drawable pieces of lines
terminal.py      line charts and forecasts in text
svg.py           SVG documents and text elements
svg_charts.py    line charts and forecasts as SVG
svg_matrices.py  attention and confusion matrices as SVG
svg_parallel.py  parallel coordinates as SVG
images.py        SVG and PNG files
"""

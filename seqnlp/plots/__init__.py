"""Plots: charts in terminal text, SVG and PNG."""

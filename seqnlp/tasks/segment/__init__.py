"""Segmentation of running text into sentences, tokens and words."""

"""Transcription of speech."""

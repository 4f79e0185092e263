"""Plain logic of text generation, without torch: trees of texts, sweeps of settings, presets, replays."""

"""From text to findings to files; pure functions."""

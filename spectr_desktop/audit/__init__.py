"""One run from plan to outcome."""

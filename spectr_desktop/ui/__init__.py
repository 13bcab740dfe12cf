"""Qt, and nothing that could live elsewhere."""

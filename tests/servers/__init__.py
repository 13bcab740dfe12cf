"""Servers that answer by script over a real socket."""

"""Frozen dataclasses that rooms exchange, and their JSON."""

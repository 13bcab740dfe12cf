"""Spectr Desktop: a language model's second opinion on smart contracts, in a window."""

__version__ = "0.1.0"

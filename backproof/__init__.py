"""Backproof."""

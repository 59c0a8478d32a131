"""Kindroid."""

"""Dropforge."""

"""Dropforge."""

import os

# We use no plugins of pydantic's; looking for them reads the metadata of every installed package at each cold start.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

"""The `dropforge` command: thin uses of ordinary AWS APIs, so that they work against AWS and the laptop alike."""

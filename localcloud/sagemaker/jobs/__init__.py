"""What training and processing jobs have in common: data, processes, logs, metrics."""

"""What every app may rely on: errors, events, the queue, topics, the run port. Imports nothing of ours, no DRF."""

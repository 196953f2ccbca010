"""Documents that several people edit at the same time: rooms, log, protocol, and what each kind means."""

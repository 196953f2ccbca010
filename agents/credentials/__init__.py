"""Credentials at work: to which hosts they go, how a request carries them, who names them. Their values leave no other way."""

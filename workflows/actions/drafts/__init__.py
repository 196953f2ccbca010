"""Keep what happens to drafts: their history, states of them, and what publishing asks first."""

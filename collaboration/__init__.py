"""Who is here and what they say: live runs, presence, notifications."""

"""Where comments are anchored, whom they mention and what they are about. Pure reading: actions write."""

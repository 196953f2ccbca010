"""What changes the public plane."""

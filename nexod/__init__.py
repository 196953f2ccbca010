"""Nexod: the Django project that puts the apps together."""

"""Roles played by a language or vision-language model."""

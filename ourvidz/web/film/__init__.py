"""The Films page: what is shown there, and what can be done."""

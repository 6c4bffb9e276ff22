"""The real servers behind the ports, embedded and hosted."""

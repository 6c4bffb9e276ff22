"""What may be asked for: prompt policy."""

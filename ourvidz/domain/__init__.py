"""Values and rules shared by every room: standard library only, no I/O, no clock, no randomness."""

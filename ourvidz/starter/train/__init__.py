"""Training of the starter models from scratch: see `python -m ourvidz.starter.train --help`."""

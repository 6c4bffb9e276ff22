"""Training of the starter models from scratch: `python -m ourvidz.starter.train vae|transformer`."""

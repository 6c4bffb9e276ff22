"""OurVidz: a sentence becomes a film. Importing this package imports no torch."""

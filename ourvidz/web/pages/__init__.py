"""The pages: one file each, with PATH, TITLE and build(desk)."""

"""Large models' files: fetched from the hub, kept in the format they run in, checked by hash.

`hub` speaks to the hub, `convert` changes formats, `manifest` remembers what is right, and `pull`
does it all: file by file, so that a stop loses one file at most.
"""

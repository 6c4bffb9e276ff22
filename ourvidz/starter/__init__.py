"""The starter model: the picture-book world it speaks of, its training and its weights."""

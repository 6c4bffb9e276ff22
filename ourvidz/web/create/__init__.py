"""The steps of the Create page, one module each: what it shows, and what can be done there.

A step is three things: `build()` makes its components by name, `paint(me, studio, screen)` says
what they show now, and its actions are functions `(me, studio, where, …) -> Done`. What is shown
depends on the database and the address alone, so every reload leads back to the same picture.
"""

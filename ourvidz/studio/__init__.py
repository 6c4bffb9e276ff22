"""What a signed-in person can do.

Functions in modules by what they are about, each of them called with who asks and the `Studio`:

    from ourvidz.studio import orders, projects
    project = projects.create_project(me, studio, {"prompt": "a red sailboat"})
    job = orders.preview(me, studio, project.id)

All of them raise the families of `domain.errors` and nothing else. An id may be text as it came
from a browser: one that is none is answered like someone else's.
"""

"""Parts of pages that Gradio does not have: their markup is made here, their life in studio.js."""

#: For `head` of a widget that uses it: Gradio then waits for the script before it starts the
#: widget, which it does not for a script in the head of the page.
STUDIO_JS = '<script src="/static/studio.js"></script>'

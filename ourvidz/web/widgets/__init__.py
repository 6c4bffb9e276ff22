"""Parts of pages that Gradio does not have: their markup is made here, their life in studio.js."""

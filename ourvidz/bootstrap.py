"""The only place that knows everyone: builds what each entry point needs from the settings."""

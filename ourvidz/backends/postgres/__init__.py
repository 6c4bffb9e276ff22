"""Records on Postgres: one SQL dialect, one folder of migrations, both modes."""

"""Changes of the journal's schema, in order; alembic runs them."""

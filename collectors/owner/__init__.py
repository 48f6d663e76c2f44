"""The process that has the database open, and what it answers to people and pages."""

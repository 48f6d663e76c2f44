"""Options: gathered from command line, environment and file, checked all at once, handed to each room."""

"""The `laadwacht` command line: one module per kind of command, put together in `application`."""

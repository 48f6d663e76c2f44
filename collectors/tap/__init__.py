"""Beside a back end that exists already: what passes is passed on unchanged, written down, and spooled."""

"""The door that stations connect to: who may enter, one connection each, and what it is answered."""

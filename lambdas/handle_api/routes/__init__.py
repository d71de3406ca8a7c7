"""The routes of the API, one module a section; each calls one use case."""

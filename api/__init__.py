"""The HTTP service: routes, schemas, problems, pages. The only package that imports Flask."""

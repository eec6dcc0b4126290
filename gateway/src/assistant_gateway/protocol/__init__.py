"""HTTP as clients speak it: the server, one request while it is served, and what a route is."""

"""Web sockets: thin, one per kind of page; nobody's place is kept between two hops into a tenant."""

"""Pages of the web as documents: fetched politely and within bounds, whatever the other side does. For workers only."""

"""Sign-in links for owners, from a shell."""

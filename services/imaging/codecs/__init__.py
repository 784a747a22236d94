"""What each accepted format says of its picture, and how it is decoded."""

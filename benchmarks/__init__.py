"""The engine and the images, measured."""

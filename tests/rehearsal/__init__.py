"""The deploy rehearsed whole: the README's commands, on an emulator of AWS, to a photo in a browser."""

"""What the readers of all platforms share: containers, streams, text, times, and the shape of what comes out."""

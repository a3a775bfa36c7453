"""bootrig: builds network boot firmware and shows, by booting it, whether it can replace what is in use."""

__version__ = "0.1.0"

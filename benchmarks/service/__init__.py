"""The service as its users start it: how soon it is ready, what it holds, how it grows by processes."""

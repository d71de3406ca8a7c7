"""Websocket ants: connections, registrations and answers."""

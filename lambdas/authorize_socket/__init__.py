"""The authorizer of the websocket API."""

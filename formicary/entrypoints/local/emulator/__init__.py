"""The process of the embedded AWS: MiniStack with snapshots, prompt long polls and a guard.

It runs in an environment of its own (`.venv-emulator`), so nothing here imports the rest of
formicary.
"""

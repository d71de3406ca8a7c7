"""What a definition may say and this version does not act on; the documents take it from here.

`UNUSED` maps a field to what happens instead. When you implement one, take it out and run
`python -m tests.unit.docs.rewrite`.
"""

SHOWN = "shown, nothing more"

UNUSED: dict[str, dict[str, str]] = {
    "job": {
        "platform": SHOWN + "; the request has a `platform` of its own",
        "tags": "only the tags of a task count",
        "methods": "only the method of a task counts",
    },
    "task": {
        "artifacts_dir": "the ant chooses its folders",
        "cache_dir": "the ant chooses its folders",
        "artifact_key_prefix": "keys are the system's own",
    },
}

# Methods that a definition may name and nobody carries out.
UNSERVED: dict[str, str] = {}

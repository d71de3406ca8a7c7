"""Whether containers of the engine reach a cloud's metadata service: asked from inside one.

A hop limit of 1 keeps only the answer that holds a token from containers; so a token is asked for,
and without one an item, as the first version of the service gives it.
"""

import contextlib
from typing import Any
from urllib.parse import urlsplit

from ant_agent.executors.containers.labels import ANT, label_value
from ant_agent.executors.docker.engine import FAULTS, connect
from ant_agent.settings import Settings

_SECONDS = 60
_REACHED, _NOT_REACHED = 0, 1
# Exit code 3: the image has nothing to ask with.
SCRIPT = r"""
command -v timeout >/dev/null || exit 3
if command -v nc >/dev/null; then
  ask() { timeout 2 nc "$host" "$port"; }
elif command -v bash >/dev/null; then
  ask() { timeout 2 bash -c 'exec 3<>"/dev/tcp/$0/$1" && cat >&3 && cat <&3' "$host" "$port"; }
else
  exit 3
fi
host=$1 port=$2 end="HTTP/1.0\r\nHost: $1\r\nContent-Length: 0\r\n"
ttl="X-aws-ec2-metadata-token-ttl-seconds: 60\r\n"
for begin in "PUT /latest/api/token ${end}${ttl}" "GET /latest/meta-data/ ${end}"; do
  printf "$begin\r\n" | ask 2>/dev/null | grep -q '^HTTP/1.. 200' && exit 0
done
exit 1
"""


def answers_inside(settings: Settings, url: str) -> bool | None:
    """Whether it gives something to a container; None when that cannot be found out here.

    Nothing is pulled: the container has the helper image of the ant, or the smallest one that the
    engine holds.
    """
    try:
        with contextlib.closing(connect(settings)) as client:
            image = _image(client, settings.helper_image)
            return None if image is None else _ask(client, settings, image, url)
    except FAULTS:
        return None


def _image(client: Any, wanted: str) -> str | None:
    images = [image for image in client.images.list() if image.tags]
    if any(wanted in image.tags for image in images):
        return wanted
    smallest = min(images, key=lambda image: image.attrs["Size"], default=None)
    return None if smallest is None else str(smallest.tags[0])


def _ask(client: Any, settings: Settings, image: str, url: str) -> bool | None:
    place = urlsplit(url)
    container = client.containers.create(
        image,
        entrypoint=["/bin/sh", "-c", SCRIPT, "ask"],
        command=[str(place.hostname), str(place.port or 80)],
        labels={ANT: label_value(settings.id)},
    )
    try:
        container.start()
        code = container.wait(timeout=_SECONDS)["StatusCode"]
    finally:
        container.remove(force=True, v=True)
    return {_REACHED: True, _NOT_REACHED: False}.get(code)

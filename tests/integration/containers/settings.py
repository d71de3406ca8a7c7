"""Where the engines of the tests are, and where they find this machine."""

from pydantic_settings import BaseSettings


class Surroundings(BaseSettings):
    """Addresses of this machine as containers and pods see it."""

    docker_host_ip: str = "127.0.0.1"
    k8s_host_ip: str = "127.0.0.1"

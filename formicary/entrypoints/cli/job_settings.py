"""`formicary job limit`, `enable` and `disable`: what belongs to a job type and not to its text."""

import click

from formicary.entrypoints.cli.session import Session, example, remote, tell


@click.command(epilog=example("formicary job limit video-encoding 5"))
@click.argument("job_type", metavar="TYPE")
@click.argument("count", metavar="COUNT", type=click.IntRange(min=0))
@remote
def limit(session: Session, job_type: str, count: int) -> None:
    """Let COUNT runs of a job type go on at once, from now on; 0 for any number."""
    session.client.set_concurrency(job_type, count)
    tell(f"{job_type}: {f'at most {count}' if count else 'any number of'} runs at once")


@click.command(epilog=example("formicary job enable video-encoding"))
@click.argument("job_type", metavar="TYPE")
@remote
def enable(session: Session, job_type: str) -> None:
    """Take requests of a job type again."""
    session.client.set_enabled(job_type, enabled=True)
    tell(f"enabled {job_type}")


@click.command(epilog=example("formicary job disable video-encoding"))
@click.argument("job_type", metavar="TYPE")
@remote
def disable(session: Session, job_type: str) -> None:
    """Refuse new requests of a job type; what was submitted goes on."""
    session.client.set_enabled(job_type, enabled=False)
    tell(f"disabled {job_type}")

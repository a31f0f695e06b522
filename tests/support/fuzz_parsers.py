"""Coverage-guided fuzzing of one parser, as a program: ends with code 0 when nothing got through.

    python fuzz_parsers.py TARGET SECONDS SEED FOLDER

Atheris drives libFuzzer (https://github.com/google/atheris). Inputs that reached something new stay
in the folder, and so does the one that a parser let through.
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["shopwright"]):
    from parser_targets import TARGETS, seeds_of
    from poisons import own_seeds, published_seeds


def main(target: str, seconds: str, seed: str, folder: str) -> None:
    """Fuzz until the time is over, or a parser raises what it does not declare."""
    corpus = Path(folder)
    for number, body in enumerate(seeds_of(target, published_seeds() | own_seeds())):
        (corpus / f"seed-{number}").write_bytes(body)
    options = [
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        "-max_len=65536",
        "-timeout=5",
        f"-artifact_prefix={corpus}/found-",
        str(corpus),
    ]
    atheris.Setup([sys.argv[0], *options], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:])

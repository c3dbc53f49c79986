"""Java programs, compiled by Maven into build/clients/ when their sources changed."""

import hashlib
import pathlib
import re
import shutil
import subprocess

import pytest

import stand
import story


def run(sources, output, *options):
    """The exit code and the output of a compilation into `output`."""
    done = subprocess.run(
        ["mvn", "-q", "-B", *options, "-f", str(sources / "pom.xml"), f"-DbuildDirectory={output}", "compile"],
        capture_output=True, text=True, timeout=800)
    return done.returncode, done.stdout + done.stderr


def digest_of(sources):
    digest = hashlib.sha256()
    for path in [sources / "pom.xml", *sorted((sources / "src").rglob("*.*"))]:
        digest.update(path.read_bytes())
    return digest.hexdigest()


def libraries(output):
    return (output / "classpath").read_text().strip().split(":")


def is_compiled(sources, output):
    """Of these sources, and what they were compiled against is still in Maven's cache."""
    stamp = output / "sources"
    return (stamp.exists() and stamp.read_text() == digest_of(sources)
            and all(pathlib.Path(library).exists() for library in libraries(output)))


def classpath(sources, packages):
    """What to run a folder's classes with; compiled from Maven's cache alone where that holds everything."""
    for tool, meaning in ("java", "a Java runtime"), ("javac", "a JDK"), ("mvn", "Maven"):
        if shutil.which(tool) is None:
            pytest.skip(f"{meaning} is missing ({tool} is not on the PATH)")
    output = stand.BUILD / sources.name
    if not is_compiled(sources, output):
        output.mkdir(parents=True, exist_ok=True)
        code, said = run(sources, output, "-o")
        if code != 0:
            code, said = run(sources, output)
        if code != 0 and re.search(story.UNREACHABLE, said):
            pytest.skip(f"{packages} is neither in Maven's cache nor within reach")
        assert code == 0, said
        (output / "sources").write_text(digest_of(sources))
    return ":".join([str(output / "classes"), *libraries(output)])

"""Provenance of an artifact: an in-toto statement (in-toto Attestation Framework 1.0) with SLSA provenance 1.0.

It has no times and no host names in it, so that the same build gives the same statement.
"""

from collections.abc import Mapping
from typing import Any

from bootrig import __version__
from bootrig.builder.plan import BuildPlan
from bootrig.cache import digest_file
from bootrig.jsonfile import encode_json
from bootrig.recipe.source import SourceFile

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = "urn:bootrig:build:1"


def make_provenance(
    plan: BuildPlan, digests: Mapping[str, str], source_date: int, *, is_reproducible: bool = True
) -> bytes:
    """Return the provenance of an artifact, whose files by name have the SHA-256 `digests`, as JSON.

    Where the build was incremental it is not reproducible: what it gave depends on builds before it.
    """
    recipe = plan.recipe
    instructions = recipe.instructions
    statement: dict[str, Any] = {
        "_type": STATEMENT_TYPE,
        "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in sorted(digests.items())],
        "predicateType": PREDICATE_TYPE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {
                    "recipe": recipe.name,
                    "version": plan.version,
                    **_given(plan),
                    "configuration": {name: dict(defines) for name, defines in instructions.configuration.items()},
                    "settings": {name: dict(values) for name, values in instructions.settings.items()},
                    "targets": [target.name for target in plan.targets],
                },
                "internalParameters": {
                    "steps": [{"name": step.kind, "argv": list(step.argv)} for step in plan.steps],
                    "sourceDateEpoch": source_date,
                    "reproducible": is_reproducible,
                },
                "resolvedDependencies": [*_inputs(plan), *_tools(plan)],
            },
            "runDetails": {
                "builder": {"id": "urn:bootrig", "version": {"bootrig": __version__}},
                "metadata": {"invocationId": plan.key},
            },
        },
    }
    return encode_json(statement)


def _given(plan: BuildPlan) -> dict[str, Any]:
    """Return what is known of the tree that was built instead of the recipe's source."""
    if plan.given is None:
        return {}
    history = plan.given.history
    facts: dict[str, Any] = {"name": plan.given.name, "digest": {"sha256": plan.given.digest}}
    if history is not None:
        facts |= {"digest": {**facts["digest"], "gitCommit": history.commit}, "modified": history.is_modified}
    return {"tree": facts}


def _inputs(plan: BuildPlan) -> list[dict[str, Any]]:
    """Return the descriptors of the source, the patches and the recipe itself."""
    recipe = plan.recipe
    files = {} if plan.given else {file.file_name: file for file in recipe.source.files}
    found: list[dict[str, Any]] = []
    for name, pin in plan.pins.items():
        kind, _, digest = pin.partition(":")
        algorithm = {"sha256": "sha256", "commit": "gitCommit", "tree": "sha256"}[kind]
        found.append({"name": name, "digest": {algorithm: digest}} | _address(files.get(name)))
    inner = (
        *recipe.instructions.patches,
        *recipe.instructions.trusted,
        recipe.instructions.embedded_script,
        recipe.path,
    )
    for path in inner:
        if path is not None:
            found.append({"name": path.name, "digest": {"sha256": digest_file(path)}})
    return found


def _address(file: SourceFile | None) -> dict[str, str]:
    """Return the lasting address of a file where there is one; never the mirror that it came from."""
    if file is None:
        return {}
    if file.addresses:
        return {"uri": file.addresses[0]}
    return {"uri": f"urn:debian:{file.pool_path}"} if file.pool_path else {}


def _tools(plan: BuildPlan) -> list[dict[str, Any]]:
    return [
        {"name": tool.name, "annotations": {"version": tool.version, "path": str(tool.path)}}
        for tool in plan.toolchain.tools
    ]

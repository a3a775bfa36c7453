"""What a build has made: its files in the store, and the record by which the same build takes no work again."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bootrig.builder.inspection import require_sound
from bootrig.builder.plan import BuildPlan
from bootrig.builder.provenance import make_provenance
from bootrig.builder.sbom import make_sbom
from bootrig.store.content import Store

PROVENANCE, SBOM = "provenance.json", "sbom.cdx.json"
ATTESTATIONS = (PROVENANCE, SBOM)


@dataclass(frozen=True, slots=True)
class Artifact:
    """What a build has made.

    Attributes:
        name: the recipe's name.
        key: the build key.
        digests: SHA-256 of its files by their names; the store has every one of them.
        attestations: SHA-256 of its provenance and bill of materials.
        log: the build's log; None where nothing was built, as the store has it.
        is_reproducible: whether it was built from nothing but what the key names.
    """

    name: str
    key: str
    digests: Mapping[str, str]
    attestations: Mapping[str, str]
    log: Path | None = None
    is_reproducible: bool = True


def find_artifact(plan: BuildPlan, store: Store) -> Artifact | None:
    """Return the artifact of a plan from the store, None where it has to be built."""
    files = store.recall(plan.key)
    if files is None or files.keys() != {*(target.name for target in plan.targets), *ATTESTATIONS}:
        return None
    attestations = {name: files.pop(name) for name in ATTESTATIONS if name in files}
    return Artifact(plan.recipe.name, plan.key, files, attestations)


def keep_artifact(
    plan: BuildPlan,
    store: Store,
    contents: Mapping[str, bytes],
    source_date: int,
    log: Path,
    *,
    is_reproducible: bool = True,
) -> Artifact:
    """Add what was built to the store, once lint has found no error: its files first, then the record of the key."""
    require_sound(plan.recipe.name, contents)
    way = f"built, {plan.key}" if is_reproducible else f"built incrementally, {plan.version}"
    digests = {name: store.add_bytes(content, file_name=name, way=way) for name, content in contents.items()}
    statements = {
        PROVENANCE: make_provenance(plan, digests, source_date, is_reproducible=is_reproducible),
        SBOM: make_sbom(plan, contents, source_date),
    }
    attestations = {name: store.add_bytes(text, file_name=name, way=way) for name, text in statements.items()}
    if is_reproducible:
        store.record(plan.key, {**digests, **attestations})
    return Artifact(plan.recipe.name, plan.key, digests, attestations, log, is_reproducible)


def read_files(artifact: Artifact, store: Store) -> dict[str, bytes] | None:
    """Return the files of an artifact by their names, None where one is damaged."""
    found = {name: store.read(digest) for name, digest in artifact.digests.items()}
    contents = {name: content for name, content in found.items() if content is not None}
    return contents if len(contents) == len(found) else None

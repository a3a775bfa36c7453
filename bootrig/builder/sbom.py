"""Bill of materials of an artifact: CycloneDX 1.6 as JSON, written by cyclonedx-python-lib."""

import hashlib
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.bom_ref import BomRef
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.license import LicenseExpression
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from bootrig import __version__
from bootrig.builder.plan import BuildPlan
from bootrig.recipe.source import SourceKind


def make_sbom(plan: BuildPlan, contents: Mapping[str, bytes], source_date: int) -> bytes:
    """Return the bill of materials of an artifact with `contents` by file name as JSON, the same for the same build."""
    recipe = plan.recipe
    whole = Component(
        type=ComponentType.FIRMWARE,
        name=recipe.name,
        version=plan.version,
        licenses=[LicenseExpression(recipe.licence)],
        bom_ref=BomRef(f"recipe:{quote(recipe.name)}"),
        purl=_package_url(plan),
    )
    metadata = BomMetaData(component=whole, timestamp=datetime.fromtimestamp(source_date, tz=UTC))
    bom = Bom(metadata=metadata, serial_number=uuid.uuid5(uuid.NAMESPACE_URL, f"urn:bootrig:{plan.key}"))
    metadata.tools.components.add(Component(type=ComponentType.APPLICATION, name="bootrig", version=__version__))
    sources = [_source(name, pin) for name, pin in plan.pins.items()]
    for name, content in sorted(contents.items()):
        file = _file(name, content)
        bom.components.add(file)
        bom.register_dependency(file, sources)
    for source in sources:
        bom.components.add(source)
    bom.register_dependency(whole, [component for component in bom.components if component not in sources])
    outputter = make_outputter(bom, output_format=OutputFormat.JSON, schema_version=SchemaVersion.V1_6)
    return (outputter.output_as_string(indent=2) + "\n").encode()


def _package_url(plan: BuildPlan) -> PackageURL | None:
    """Return the package URL of a Debian source package; None for anything else."""
    recipe = plan.recipe
    if recipe.source.kind is not SourceKind.DEBIAN_SOURCE or plan.given is not None:
        return None
    name, _, rest = recipe.source.files[0].file_name.partition("_")
    return PackageURL("deb", "debian", name, rest.removesuffix(".dsc"), {"arch": "source"})


def _file(name: str, content: bytes) -> Component:
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=hashlib.sha256(content).hexdigest())]
    return Component(type=ComponentType.FILE, name=name, hashes=hashes, bom_ref=BomRef(f"file:{quote(name)}"))


def _source(name: str, pin: str) -> Component:
    kind, _, digest = pin.partition(":")
    hashes = [HashType(alg=HashAlgorithm.SHA_256, content=digest)] if kind != "commit" else []
    return Component(
        type=ComponentType.FILE,
        name=name,
        version=digest if kind == "commit" else None,
        hashes=hashes,
        bom_ref=BomRef(f"source:{quote(name)}"),
    )

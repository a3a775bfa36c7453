"""Getting a source by any of its ways: the configured mirrors, apt's mirrors, the upstream addresses."""

import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from bootrig.recipe.source import SourceFile
from bootrig.store.apt import ask_apt
from bootrig.store.content import Store
from bootrig.store.errors import ArchiveError, DownloadError, UnavailableError
from bootrig.store.incoming import DownloadProgress, Incoming, start_incoming
from bootrig.store.settings import FetchSettings, load_settings

logger = logging.getLogger(__name__)


def iter_ways(source: SourceFile, settings: FetchSettings) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield address and proxies of each way to a source, in the order of trying; apt is asked only in its turn."""
    for mirror in settings.mirrors:
        yield f"{mirror.rstrip('/')}/{source.pool_path or source.file_name}", {}
    if settings.use_apt and source.pool_path:
        mirrors = ask_apt()
        for mirror in mirrors.addresses:
            yield f"{mirror}{source.pool_path}", mirrors.proxies
    for address in source.addresses:
        yield address, {}


def fetch_source(
    source: SourceFile, store: Store, *, settings: FetchSettings | None = None, progress: DownloadProgress | None = None
) -> Path:
    """Return a source that is pinned by its SHA-256 from the store; fetch it into the store where it is missing.

    Raises:
        UnavailableError: no way gave it.
        StoreError: the store cannot be written.
        DocumentError: the user's configuration is wrong.
    """
    if source.sha256 is None:
        raise ValueError(f"{source.file_name} is not pinned")
    found = store.find_intact(source.sha256)
    if found is not None:
        return found
    target = store.path_of(source.sha256)

    def take(incoming: Incoming, address: str) -> None:
        incoming.keep(target)
        store.note(incoming.sha256, file_name=source.file_name, way=address)

    _try_ways(source, store, settings or load_settings(), progress, take)
    return target


def fetch_members(
    source: SourceFile,
    store: Store,
    take_members: Callable[[Path, str], None],
    *,
    settings: FetchSettings | None = None,
) -> None:
    """Fetch a source whose members are pinned, but not itself; it is removed when its members have been taken.

    `take_members` is called with its path and address; it raises ArchiveError where it is not the right archive.

    Raises:
        UnavailableError: no way gave an archive with the members.
        StoreError: the store cannot be written.
        DocumentError: the user's configuration is wrong.
    """

    def take(incoming: Incoming, address: str) -> None:
        take_members(incoming.path, address)

    _try_ways(source, store, settings or load_settings(), None, take)


def _try_ways(
    source: SourceFile,
    store: Store,
    settings: FetchSettings,
    progress: DownloadProgress | None,
    take: Callable[[Incoming, str], None],
) -> None:
    """Try way after way until `take` has taken the file."""
    # requests takes a fifth of a second to import, which a run whose files are all in the store need not pay.
    from bootrig.store.download import download  # noqa: PLC0415

    tried = [(f"store {store.root}", "not there")]
    if settings.offline:
        tried.append(("network", "not tried, bootrig is set to be offline"))
    for address, proxies in () if settings.offline else iter_ways(source, settings):
        logger.info("fetching %s", address)
        try:
            with start_incoming(store.root) as incoming:
                download(address, incoming, length=source.length, proxies=proxies, progress=progress)
                if source.sha256 and incoming.sha256 != source.sha256:
                    raise DownloadError(f"wrong bytes: SHA-256 {incoming.sha256}")
                take(incoming, address)
        except (DownloadError, ArchiveError) as error:
            tried.append((address, str(error)))
            logger.debug("%s: %s", address, error)
        else:
            return
    if not settings.offline and settings.use_apt and source.pool_path and ask_apt().failure:
        tried.append(("apt's mirrors", ask_apt().failure))
    named = source.file_name if source.sha256 else f"{source.file_name} or the single ROM files"
    remedy = f"get {named} where there is a network, then import it here: bootrig store add FILE"
    raise UnavailableError(source.file_name, source.sha256, tried, remedy=remedy)

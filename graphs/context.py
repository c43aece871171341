"""What a session graph is run with: the cast and the album. Handles, never state."""

from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Protocol

from mirrorplay.agents.roles import (
    Client,
    FaceArtist,
    Image,
    Judge,
    Perceiver,
    Screenwriter,
    Supervisor,
    Therapist,
)
from mirrorplay.graphs.record import ImageRef


class Album(Protocol):
    """Image bytes by their hash, for one session."""

    def put(self, image: Image) -> ImageRef: ...

    def get(self, ref: ImageRef) -> Image: ...


@dataclass(slots=True)
class MemoryAlbum:
    """Faces of one session, kept until its row is written."""

    images: dict[str, bytes] = field(default_factory=dict)

    def put(self, image: Image) -> ImageRef:
        ref = reference(image)
        self.images[ref.sha256] = image.data
        return ref

    def get(self, ref: ImageRef) -> Image:
        return Image(self.images[ref.sha256], ref.mime, ref.width, ref.height)


@dataclass(frozen=True, slots=True)
class FolderAlbum:
    """Faces kept in `blobs/<sha256>`, so that a checkpointed session can be forked later."""

    folder: Path

    def put(self, image: Image) -> ImageRef:
        ref = reference(image)
        path = self.folder / ref.sha256
        if not path.exists():
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = self.folder / f".{ref.sha256}.{id(image):x}"
            partial.write_bytes(image.data)
            partial.replace(path)
        return ref

    def get(self, ref: ImageRef) -> Image:
        data = (self.folder / ref.sha256).read_bytes()
        if sha256(data).hexdigest() != ref.sha256:
            raise ValueError(f"image {ref.sha256[:12]} is damaged: its bytes have another hash")
        return Image(data, ref.mime, ref.width, ref.height)


def reference(image: Image) -> ImageRef:
    return ImageRef(sha256=image.sha256, mime=image.mime, width=image.width, height=image.height)


@dataclass(frozen=True, slots=True)
class Cast:
    """The agents of a run. `artist` and `perceiver` may be absent, `writer` serves screenplays."""

    client: Client
    therapist: Therapist
    supervisor: Supervisor
    judge: Judge
    artist: FaceArtist | None = None
    perceiver: Perceiver | None = None
    writer: Screenwriter | None = None


@dataclass(frozen=True, slots=True)
class SessionContext:
    """Passed as LangGraph's runtime context."""

    cast: Cast
    album: Album

"""The embedded face artist: a portrait drawn from vectors, without a model or a GPU."""

from mirrorplay.agents.faces.identity import identity_of
from mirrorplay.agents.faces.portrait import portrait_svg
from mirrorplay.agents.faces.raster import jpeg
from mirrorplay.agents.roles import Face, FaceAttempt, FaceBrief


class PortraitArtist:
    """Draws each brief once. Nothing is verified, so an attempt carries no scores."""

    async def draw(self, brief: FaceBrief) -> Face:
        """One accepted JPEG, the same bytes for the same brief. Raises UserError for a size
        outside 64–1024."""
        identity = identity_of(brief.persona_id, brief.age, brief.gender, brief.appearance)
        image = jpeg(portrait_svg(identity, brief.expression, brief.size))
        attempt = FaceAttempt(seed=brief.seed, scores={}, reasons=(), accepted=True)
        return Face(image=image, attempts=(attempt,))

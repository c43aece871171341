"""The embedded perceiver: reads a face from the pixels alone, without torch or a GPU.

A small convolutional network, trained on drawn faces (`agents/faces/training`), finds the face near
the middle of the picture and reads it in a close-up; what it measures is put into words by
`policies/percept.py`. One thread, one picture at a time: the same bytes give the same reading,
whatever else the machine does.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from mirrorplay.agents.faces.pictures import Pixels, framed
from mirrorplay.agents.faces.readout import SIDE, Readout, measured
from mirrorplay.agents.roles import Image
from mirrorplay.personas.errors import UserError
from mirrorplay.policies.expression import Perception
from mirrorplay.policies.percept import NO_FACE, percept

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

MODEL = Path(__file__).parent / "perceiver.onnx"
"""The network that ships."""


@lru_cache(maxsize=4)
def _session(model: Path) -> "InferenceSession":
    # A tenth of a second, for the arms that look at faces alone.
    import onnxruntime
    from onnxruntime.capi import onnxruntime_pybind11_state as refusals

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(
            model.read_bytes(), options, providers=["CPUExecutionProvider"]
        )
    except OSError as error:
        raise UserError(
            f"no perceiver network at {str(model)!r} ({error.strerror})",
            hint="`make train-perceiver` makes one",
        ) from None
    except (refusals.InvalidProtobuf, refusals.InvalidGraph, refusals.Fail) as error:
        raise UserError(
            f"{str(model)!r} is not a perceiver network ({type(error).__name__})",
            hint="give an ONNX file of the shipped one's shape, or leave `model` out",
        ) from None


class EmbeddedPerceiver:
    """Reads units, gaze and head pose from an image, and says what they show.

    `model` is an ONNX file with the shape of the shipped one. Raises UserError for a picture that
    `agents/faces/pictures.py` refuses; a picture without a face is read as such.
    """

    def __init__(self, model: str | None = None) -> None:
        self._model = MODEL if model is None else Path(model)

    async def look(self, image: Image) -> Perception:
        return self.read(image.data)

    def read(self, data: bytes) -> Perception:
        """What the picture shows."""
        face = measured(self.measure(framed(data, SIDE)))
        return NO_FACE if face is None else percept(face)

    def measure(self, pixels: Pixels) -> Readout:
        """The network's own numbers for a square of SIDE × SIDE pixels."""
        intensities, pose, face = _session(self._model).run(None, {"pixels": pixels[np.newaxis]})
        return Readout(intensities[0], pose[0], float(face[0]))

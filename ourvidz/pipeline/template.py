"""The prompt that needs no language model: the user's words, a light and a camera."""

from __future__ import annotations

from ourvidz.domain.cinema import CAMERAS, LIGHTS, shot
from ourvidz.pipeline.cues import read_cues
from ourvidz.pipeline.language import Sentences

#: Seeds walk through this many of the best choices of a slot.
CHOICES = 3


class Template:
    """Chooses from the lists of `domain.cinema` what suits a prompt and contradicts nothing."""

    def __init__(self, sentences: Sentences) -> None:
        self.sentences = sentences
        self._lights = sentences.embed([light.text for light in LIGHTS])
        self._films = [sentences.embed(camera.filmed) for camera in CAMERAS]

    def write(self, prompt: str, seed: int = 0, mood: str = "") -> str:
        """The prompt verbatim, then light, camera and mood; what it names itself is left out."""
        light, camera = self.choose(prompt, seed)
        return shot(prompt, light, camera, mood)

    def choose(self, prompt: str, seed: int = 0) -> tuple[str, str]:
        """The light and the camera sentence; "" where the prompt names its own.

        Seed 0 takes what suits best, other seeds one of the next.
        """
        cues = read_cues(prompt)
        meaning = self.sentences.embed([prompt])[0]
        lights = {
            light.text: float(row @ meaning)
            for light, row in zip(LIGHTS, self._lights, strict=True)
            if light in cues.lights()
        }
        cameras = {
            camera.text: float((rows @ meaning).max())
            for camera, rows in zip(CAMERAS, self._films, strict=True)
            if not cues.names_camera and cues.allows(camera.text)
        }
        return choose(lights, seed), choose(cameras, seed // CHOICES)


def choose(scores: dict[str, float], seed: int) -> str:
    """The text with the highest score, or for other seeds one of the next; "" of none.

    >>> [choose({"dim": 0.1, "bright": 0.7, "red": 0.3, "odd": 0.0}, seed) for seed in range(4)]
    ['bright', 'red', 'dim', 'bright']
    """
    best = sorted(scores, key=lambda text: -scores[text])[:CHOICES]
    return best[seed % len(best)] if best else ""

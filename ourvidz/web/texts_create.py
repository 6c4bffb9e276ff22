"""English texts of the Create page, the navigation and the job widget."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NAV: Mapping[str, str] = MappingProxyType(
    {
        "product": "OurVidz",
        "label": "Pages",
        "create": "Create",
        "films": "Films",
        "library": "Library",
        "characters": "Characters",
        "account": "Account",
        "balance": "{} credits",
        "balance_one": "{} credit",
    }
)

JOB: Mapping[str, str] = MappingProxyType(
    {
        "progress_label": "Progress",
        "frame_alt": "What it looks like so far",
        "waiting": "Starting",
        "queued": "In line",
        "working": "Working",
        "stage_load": "Loading the model",
        "stage_enhance": "Writing",
        "stage_encode": "Reading your words",
        "stage_denoise": "Drawing",
        "stage_decode": "Developing the pictures",
        "stage_export": "Saving the file",
        "stage_stitch": "Joining the clips",
        "eta": "about {} left",
        "next": "You are next.",
        "ahead": "{} jobs are before yours. You can close this page; nothing is lost.",
        "ahead_one": "1 job is before yours. You can close this page; nothing is lost.",
        "no_worker": "No worker is running. Your place is kept, and it starts by itself once "
        "there is one.",
        "again": "A worker was lost; another one has taken over.",
        "cancel": "Cancel",
        "cancelling": "Stopping. What was reserved comes back.",
        "reconnecting": "No connection. It goes on without you; trying again.",
        "sign_in": "Your sign-in has ended. Sign in again to go on here; nothing is lost.",
    }
)

#: Sentences of the world that the shipped model knows.
EXAMPLES: tuple[str, ...] = (
    "A red sailboat sails to the right on the sea at sunset",
    "A woman with red hair walks through a snowy forest at night",
    "A yellow balloon floats up over a green meadow",
    "A white cat runs along the beach in the rain",
    "A blue car drives through the city at night, the camera follows",
    "A rocket flies through space past the stars",
)

CREATE: Mapping[str, str] = MappingProxyType(
    {
        "steps": "Steps",
        "new_idea": "New idea",
        "idea_step": "Idea",
        "idea_title": "What happens?",
        "idea_hint": "One sentence is enough: who or what, where, and what happens.",
        "prompt_step": "Words",
        "prompt_title": "Cinematic words",
        "prompt_hint": "Light, movement and camera are added to your sentence. Edit it, have it "
        "written again, or keep your own.",
        "preview_step": "Previews",
        "preview_title": "Choose a start",
        "preview_hint": "The video starts with the picture you choose.",
        "render_step": "Render",
        "render_title": "Make the video",
        "render_hint": "You can close this page while it is made; it goes on without you.",
        "done_step": "Video",
        "done_title": "Here it is",
        "done_hint": "It is in your library too, until it expires.",
        # Idea
        "prompt": "Your idea",
        "prompt_placeholder": "A red sailboat sails to the right on the sea at sunset",
        "prompt_empty": "is empty; describe in a sentence what should be seen",
        "examples": "Or begin with one of these",
        "character": "Character",
        "nobody": "Nobody in particular",
        "more": "More settings",
        "model": "Model",
        "profile": "Quality",
        "fast": "Fast",
        "balanced": "Balanced",
        "quality": "Best",
        "negative": "What should not be seen",
        "negative_placeholder": "rain, people",
        "seed": "Seed",
        "seed_placeholder": "A new one each time",
        "length": "<strong>{}</strong> seconds long",
        "credits": "{} credits",
        "credit": "1 credit",
        "time": "takes about <strong>{}</strong> here",
        "time_unknown": "time: known after the first one here",
        "free": "words and previews: free",
        "idea_go": "Continue",
        "drafts": "Begun before",
        # Words
        "mine": "Your words",
        "enhanced": "Enhanced",
        "enhanced_label": "Enhanced words, to edit as you like",
        "used": "Used",
        "use_mine": "Keep mine",
        "use_enhanced": "Use these",
        "undo": "Undo",
        "redo": "Redo",
        "enhance": "Enhance my words",
        "enhance_again": "Write again",
        "enhance_failed": "Your own words are used. You can try again.",
        "from_template": "A fixed template wrote these instead.",
        "from_original": "Your own words are kept.",
        "words_back": "Back",
        "words_go": "Show previews",
        "said_mine": "Your own words are used.",
        "said_enhanced": "The enhanced words are used.",
        # Previews
        "count": "How many",
        "regenerate": "New pictures",
        "still": "Preview {}",
        "chosen": "Chosen",
        "like": "More like this",
        "like_hint": "“More like this” keeps the seed: the same words with the same seed give the "
        "same picture again, and a few other words give a relative of it.",
        "said_like": "Seed {} is kept. Change a few words, then look at the previews again.",
        "stills_old": "These pictures were made from other words. “New pictures” makes some from "
        "the words you have now.",
        "still_last": "Your last video ended with this picture; the new one starts with it.",
        "preview_back": "Back",
        "preview_go": "Use this picture",
        "nothing_chosen": "is not chosen yet; press the one that the video should start with",
        # Render
        "picture_old": "You chose this picture for other words. Go back for one of the words you "
        "have now, or keep it as the start.",
        "first_frame": "The first picture of the video",
        "render_back": "Back",
        "render_go": "Make it for {}",
        "have": "you have <strong>{} credits</strong>",
        "have_one": "you have <strong>1 credit</strong>",
        "too_dear": "This costs {0} and you have {1} left. Nothing is lost: your project waits "
        "here until there are credits on your account.",
        "to_account": "See your credits",
        "cancelled": "Cancelled.",
        "cancelled_paid": "Cancelled. What was reserved has come back.",
        "failed": "It could not be made.",
        "refunded": "The credits have come back.",
        # Video
        "download": "Download",
        "to_film": "Make it a film",
        "in_library": "Library",
        "takes": "All {} takes",
        "take": "Another take for {}",
        "take_too_dear": "Another take costs {0} and you have {1} left.",
        "onward": "Go on from its last frame",
        "said_onward": "A new video that starts where this one ended. Say what happens next.",
        "expires": "deleted in {}",
        "video_gone": "This video was deleted. You can make it again.",
    }
)

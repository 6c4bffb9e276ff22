"""Every English text of the pages, in one place: another language is another such module."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

ENTRANCE: Mapping[str, Any] = MappingProxyType(
    {
        "product": "OurVidz",
        "claim": "A sentence becomes a film.",
        "age_title": "Are you 18 or older?",
        "age_text": "OurVidz is for adults. Everything you make stays yours and private, and some "
        "things are never made: see the rules below.",
        "age_yes": "I am 18 or older",
        "age_no": "I am younger",
        "rules": "No sexual content with minors, none with real people or without consent, and "
        "nothing that is illegal. What is refused costs nothing.",
        "too_young_title": "Come back later",
        "too_young_text": "OurVidz is only for people who are 18 or older.",
        "sign_in": "Sign in",
        "sign_in_title": "Sign in",
        "sign_up": "Create account",
        "sign_up_title": "Make your first video",
        "no_account": "New here?",
        "have_account": "Have an account?",
        "forgot": "Forgot your password?",
        "email": "E-mail",
        "password": "Password",
        "new_password": "New password",
        "password_hint": "At least 8 characters. A sentence you can remember is best.",
        "recover_title": "A new password",
        "recover_text": "We send a code to your e-mail address. It works for ten minutes.",
        "send_code": "Send the code",
        "have_code": "I have a code",
        "code": "Code",
        "code_sent": "If there is an account with that address, a code is on its way.",
        "outbox": "This computer sends no e-mail. The code lies in the folder",
        "set_password": "Set password and sign in",
        "nothing_title": "Not found",
        "nothing_text": "There is nothing here. The address may be wrong, what was here may have "
        "been deleted, or it belongs to another account.",
        "nothing_go": "Open OurVidz",
        "not_now_title": "Not right now",
        "not_now_text": "OurVidz is busy or can not be reached. Nothing is lost; what is being "
        "made goes on. Wait a moment and try again.",
        "not_now_go": "Try again",
        "fields": {"email": "The e-mail address", "password": "The password"},
    }
)

#: How a page calls what was typed there, when something is wrong with it.
FIELDS: Mapping[str, str] = MappingProxyType(
    {
        "prompt": "The text",
        "enhanced_prompt": "The enhanced text",
        "negative_prompt": "What should not be seen",
        "picture": "A picture",
        "seed": "The seed",
        "profile": "The quality",
        "seconds": "The length",
        "transition": "What leads into the next scene",
        "transition_s": "The time into the next scene",
        "title": "The title",
        "name": "The name",
        "description": "What they look like",
        "tags": "The tags",
        "note": "The note",
    }
)
SCENE = "Scene {}: {}"

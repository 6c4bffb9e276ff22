"""English texts of the Account page and of the plain forms that belong to it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

ACCOUNT: Mapping[str, Any] = MappingProxyType(
    {
        "product": "OurVidz",
        "title": "Account",
        "loading": "Loading your account",
        "said": {
            "password": "Your password is changed. You are signed out everywhere else.",
            "email": "Your new e-mail address is confirmed. Sign in with it from now on.",
        },
        # --- What one has
        "credits": "credits",
        "credit": "credit",
        "credits_text": "A 5-second video costs 1 credit, 60 seconds cost 5. Better words and "
        "previews cost nothing.",
        "plan": "Plan",
        "plans": {"free": "Free", "starter": "Starter", "pro": "Pro", "creator": "Creator"},
        "plan_credits": "{} credits a month",
        "plan_none": "No monthly credits",
        "signed_in_as": "Signed in as",
        "since": "Since",
        "age": "18 or older",
        "age_said": "Confirmed on {0}, policy {1}",
        "age_not": "Not confirmed yet",
        "admin": "Administration",
        # --- Usage
        "usage": "Last 30 days",
        "usage_plot": "Videos made a day",
        "usage_said": "{0} made for {1}.",
        "videos": ("1 video", "{} videos"),
        "for_credits": ("1 credit", "{} credits"),
        "day": "Day",
        "videos_axis": "Videos",
        # --- Ledger
        "ledger": "Where your credits went",
        "ledger_text": "Credits are reserved when you order and come back by themselves when a "
        "video fails or is cancelled.",
        "ledger_empty": "Nothing has moved yet. Your first video will stand here.",
        "when": "When",
        "what": "What happened",
        "amount": "Credits",
        "balance": "Balance",
        "balance_of": "{} left",
        "older": "Older",
        "newest": "Newest",
        "pages": "Pages of the list",
        "thing": "{}-second video",
        "thing_minutes": "{}-minute video",
        "thing_unknown": "Video",
        "entry": {
            "reserve": "{}, reserved",
            "settle": "{}, delivered",
            "refund": {
                "cancelled": "{}, refunded: cancelled",
                "failed": "{}, refunded: it failed",
                "": "{}, refunded",
            },
            "grant": "Credits added",
            "taken": "Credits taken back",
            "welcome": "Welcome to OurVidz",
            "subscription": "{} plan, a month of credits",
            "delete": "Video deleted for good",
        },
        # --- Sign-in
        "security": "Sign-in",
        "change_password": "Change password",
        "change_email": "Change e-mail address",
        "sign_out": "Sign out",
        "sign_out_everywhere": "Sign out everywhere",
        "sign_out_text": "Everywhere means every phone and computer, also this one.",
        # --- Data
        "data": "Your data",
        "retention": (
            "A finished video is kept for 30 days; the Library shows how long still and warns you "
            "three days before. Download what you want to keep.",
            "What you delete can be brought back for an hour, then its files are gone for good.",
            "Prompts, characters and this list stay until you delete them or your account.",
            "Of words that the rules refuse only a fingerprint is kept, never the words.",
        ),
        "export": "Export my data",
        "export_text": "One JSON file with everything we keep about you; links to your files in it "
        "work for an hour.",
        "delete": "Delete my account",
        # --- Forms
        "back": "Back to your account",
        "current_password": "Your password now",
        "password": "Password",
        "new_password": "New password",
        "password_hint": "At least 8 characters. A sentence you can remember is best.",
        "password_title": "Change your password",
        "password_text": "You stay signed in here and are signed out everywhere else.",
        "set_password": "Change password",
        "ended": "Your sign-in has ended. Sign in again; nothing was changed.",
        "email": "E-mail",
        "email_title": "Change your e-mail address",
        "email_text": "You sign in with {} now. We send a code to the new address; until you have "
        "typed it here, nothing changes.",
        "new_email": "New e-mail address",
        "send_code": "Send the code",
        "code_title": "Type the code",
        "code_sent": "If it is free, a code is on its way to {}. It works for ten minutes.",
        "code": "Code",
        "confirm_email": "Use this address",
        "outbox": "This computer sends no e-mail. The code lies in the folder",
        "delete_title": "Delete your account",
        "delete_text": "This ends everything at once: videos being made are stopped, all your "
        "videos, pictures, characters and prompts are deleted, and your balance of {} is lost. "
        "There is no way back.",
        "delete_export": "Export your data first",
        "delete_word": "DELETE",
        "delete_type": "Type {} to show that you mean it",
        "delete_wrong_word": "Type {} in the last field. Nothing was deleted.",
        "delete_yes": "Delete everything",
        "delete_no": "Keep my account",
        "goodbye_title": "Your account is gone",
        "goodbye_text": "Everything you made here is deleted, and you are signed out everywhere. "
        "Thank you for trying OurVidz.",
        "goodbye_again": "Start again",
        "export_failed_title": "Not right now",
        "fields": {
            "email": "The e-mail address",
            "new_email": "The e-mail address",
            "password": "The password",
        },
    }
)

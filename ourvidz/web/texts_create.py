"""English texts of the Create page, the navigation and the job widget."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

NAV: Mapping[str, str] = MappingProxyType(
    {
        "product": "OurVidz",
        "label": "Pages",
        "create": "Create",
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
        "seconds": "{} s",
        "minutes": "{} min",
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

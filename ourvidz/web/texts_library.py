"""English texts of the Library and the Characters page."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

LIBRARY: Mapping[str, Any] = MappingProxyType(
    {
        "title": "Library",
        "loading": "Loading your videos",
        "filter": "Show",
        "shelves": {
            "": "All",
            "finished": "Finished",
            "making": "Being made",
            "failed": "Failed",
            "deleted": "Deleted",
        },
        "character": "Character",
        "everyone": "Everyone",
        "pages": "Pages of the library",
        "range": "{0} to {1} of {2}",
        "newer": "Newer",
        "older": "Older",
        "watch": "Watch {}",
        "length": "{} s",
        "seed": "Seed",
        "cost": "{} credits",
        "cost_one": "1 credit",
        "download": "Download",
        "reuse": "Reuse",
        "reuse_hint": "Opens Create with the same words, seed and model",
        "storyboard": "Storyboard",
        "storyboard_hint": "Opens the film with its scenes, to change it or go on with it",
        "rename": "Rename",
        "new_title": "Title",
        "save": "Save",
        "close": "Keep as it is",
        "delete": "Delete",
        "deleted": "“{}” was deleted.",
        "undo": "Undo",
        "back_for": "Can come back for {}; then it is gone for good.",
        "expires": "Deleted in {}",
        "expires_soon": "Deleted in {}. Download it to keep it.",
        "failed": "Failed",
        "cancelled": "Cancelled",
        "you_cancelled": "You stopped it.",
        "refunded": "What it would have cost is back on your account.",
        "retry": "Try again",
        "put_away": "Remove",
        "play_failed": "This video can not be played right now. Reload the page and try again.",
        "ready": "It is ready.",
        "show": "Show it",
        "renamed": "Renamed.",
        "undone": "It is back.",
        "retried": "In line again.",
        "removed": "Removed from the list.",
        "untitled": "Video",
        "empty_title": "Your videos will be here",
        "empty_text": "Write a sentence, choose a picture, and watch it move. Finished videos stay "
        "here for 30 days; download the ones to keep.",
        "empty_action": "Make a video",
        "none": {
            "finished": "No finished videos here yet.",
            "making": "Nothing is being made right now.",
            "failed": "Nothing has failed.",
            "deleted": "Nothing was deleted in the last hour.",
            "": "No videos with this character yet.",
        },
        "show_all": "Show all",
        "now": "just now",
        "ago": "{} ago",
        "units": {
            "day": ("{} day", "{} days"),
            "hour": ("{} hour", "{} hours"),
            "minute": ("{} minute", "{} minutes"),
        },
    }
)

CHARACTERS: Mapping[str, Any] = MappingProxyType(
    {
        "title": "Characters",
        "loading": "Loading your characters",
        "lead": "Describe someone once and choose them in Create whenever they appear.",
        "new": "New character",
        "name": "Name",
        "description": "What they look like",
        "description_hint": "Age, hair, clothes, colours: what a camera would see. Up to 1000 "
        "characters.",
        "description_example": "For example: a young woman with short red hair, a green "
        "raincoat and yellow boots",
        "tags": "Tags",
        "tags_hint": "Short details, up to 12. Enter or a comma adds one.",
        "remove_tag": "Remove {}",
        "goes_in": "In prompts it reads “Name: what they look like, tags.” and stands before your "
        "own words.",
        "create": "Add",
        "save": "Save changes",
        "cancel": "Cancel",
        "close": "Keep as it is",
        "in_prompts": "In prompts",
        "not_in_prompts": "Nothing goes into prompts yet: a name alone tells a model nothing. Add "
        "what they look like.",
        "use": "Use",
        "use_hint": "Opens Create with this character chosen",
        "videos": "Videos",
        "edit": "Edit",
        "delete": "Delete",
        "delete_question": "Delete {}?",
        "delete_text": "Projects that chose this character go on without its sentence. Finished "
        "videos stay, and so do videos that are being made. There is no undo.",
        "delete_yes": "Delete",
        "created": "{} is ready. Choose it in Create.",
        "changed": "Saved. New videos use the new words.",
        "deleted": "{} was deleted.",
        "empty_title": "The same face in every video",
        "empty_text": "A model has no memory: “a girl” is someone else each time. Write once what "
        "someone looks like, and OurVidz puts that sentence before the words of every video you "
        "choose them for.",
        "empty_honest": "It works by words, so be exact: colours, clothes and hair carry well, "
        "fine features less. The same seed helps too.",
    }
)

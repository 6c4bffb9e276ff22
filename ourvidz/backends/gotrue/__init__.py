"""Sign-in by the GoTrue protocol: what Supabase speaks, and what the embedded twin answers."""

from ourvidz.backends.gotrue.auth import GoTrueAuth
from ourvidz.backends.gotrue.limits import Allow, Limiter
from ourvidz.backends.gotrue.tokens import KeySet, TokenCheck

__all__ = ["Allow", "GoTrueAuth", "KeySet", "Limiter", "TokenCheck"]

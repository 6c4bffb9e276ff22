"""What a browser does when words of a user are taken for markup, a script or a template."""

from __future__ import annotations

from playwright.sync_api import ConsoleMessage, Page

#: One thing for each reader that might take it for its own: Jinja and Vue, JavaScript, Jinja, HTML.
HOSTILE = "{{7*7}} ${7*7} {% raw %} <img src=x onerror='window.hit=1'>"
#: The same among words that the policy can read, of a scene and of a person or thing.
WORDS = f"a red sailboat on the sea at sunset {HOSTILE}"
NAME = f"a sailor in a hat {HOSTILE}"
_REPORT = """addEventListener('securitypolicyviolation', one =>
  console.error(`policy: ${one.violatedDirective} ${one.blockedURI}`))"""

#: A page that is left ends its stream of events, and says so in one of these ways.
_LEFT = ("AbortError", "Connection errored out")


class Ears:
    """Listens to a page from before its first word. Dialogs are heard by `People`."""

    def __init__(self, page: Page) -> None:
        self.heard = list[str]()
        self._page = page
        page.add_init_script(_REPORT)
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.heard.append(f"error: {error}"))
        page.on("request", lambda sent: self._loads(sent.url))

    def all(self) -> list[str]:
        """What was heard so far, and whether a script of the words has run."""
        # After a round trip: what was begun until now has been heard by then.
        hit = self._page.evaluate("fetch('/healthz').then(() => window.hit)")
        return self.heard if hit is None else [*self.heard, "a script has run"]

    def _told(self, message: ConsoleMessage) -> None:
        is_left = any(words in message.text for words in _LEFT)
        if message.type == "error" and not is_left:
            self.heard.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _loads(self, url: str) -> None:
        if url.endswith("/x"):
            self.heard.append(f"an injected picture: {url}")

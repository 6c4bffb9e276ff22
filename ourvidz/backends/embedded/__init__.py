"""The servers that OurVidz brings along: nothing to install, no account."""

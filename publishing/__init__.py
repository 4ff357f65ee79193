"""From the hand-written lessons to the site: split, execute, weave, build."""

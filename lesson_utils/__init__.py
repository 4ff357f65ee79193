"""The small package that every lesson imports.

Importing it costs nothing: no framework is loaded until ``lesson_utils.torch`` or
``lesson_utils.paddle`` is imported by name.
"""

import warnings

# Paddle looks for the compiler cache when it is imported and warns when it is missing. It matters only
# to those who compile C++ operators; here it would be the first thing on every page.
warnings.filterwarnings("ignore", message="No ccache found")

__version__ = "0.1.0"

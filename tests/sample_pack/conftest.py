"""Makes the pack importable from its source for the conformance tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

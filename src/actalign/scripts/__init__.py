"""Labels to scripts: from files, from those that ship with the package, or by a language model.

Importing this doesn't import openai; `generate_scripts` does, when it needs a service.
"""

from actalign.scripts._answer import TokenLimit
from actalign.scripts._conversation import ScriptRequest
from actalign.scripts._generate import ScriptResult, add_missing_scripts, generate_scripts
from actalign.scripts._llm import LLMConfig
from actalign.scripts._merge import merge_scripts
from actalign.scripts._script import load_scripts, parse_scripts
from actalign.scripts._shipped import shipped_scripts

__all__ = [
    "LLMConfig",
    "ScriptRequest",
    "ScriptResult",
    "TokenLimit",
    "add_missing_scripts",
    "generate_scripts",
    "load_scripts",
    "merge_scripts",
    "parse_scripts",
    "shipped_scripts",
]

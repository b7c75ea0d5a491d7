"""All commands with your own encoder and scorer: python examples/own_commands.py classify --help

It takes what `actalign` takes, and its commands know the names that are added here.
"""

from actalign.alignment import SCORERS
from actalign.cli import main
from actalign.encoders import ENCODERS

from own_encoder import ColourEncoder  # isort: skip
from own_scorer import scorer  # isort: skip

ENCODERS["colours"] = ColourEncoder  # what is called to make it; its model_id has the same name
SCORERS["last_step"] = scorer

if __name__ == "__main__":
    main()

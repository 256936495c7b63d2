#!/usr/bin/env python3
"""Django's own."""

import os
import sys
from pathlib import Path

from django.core.management import execute_from_command_line

# `erp.py` stands beside this project, for all examples.
sys.path.append(str(Path(__file__).resolve().parents[1]))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "settings")

if __name__ == "__main__":
    execute_from_command_line(sys.argv)

"""`python manage.py pull_expenses north south`: prints what each company has spent."""

from argparse import ArgumentParser
from collections import defaultdict
from decimal import Decimal
from typing import Any

import requests
from django.core.management.base import BaseCommand, CommandError
from erp import EXPENSES, connections

from evergrant import EvergrantError, ReauthenticationRequired


class Command(BaseCommand):
    help = "Prints what each of these tenants has spent, by currency."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("tenants", nargs="+", metavar="TENANT")

    def handle(self, *args: Any, **options: Any) -> None:
        left_out = [tenant for tenant in options["tenants"] if not self.pull(tenant)]
        if left_out:
            raise CommandError(f"left out: {', '.join(left_out)}")

    def pull(self, tenant: str) -> bool:
        try:
            # A session of requests that puts the token in.
            with connections[tenant].session() as api:
                answer = api.get(EXPENSES, timeout=30)
            answer.raise_for_status()
        except ReauthenticationRequired:
            self.stderr.write(f"{tenant} has to connect again")
            return False
        except EvergrantError as error:
            self.stderr.write(f"{tenant}: {error.code}")
            return False
        except requests.RequestException as error:
            self.stderr.write(f"{tenant}: the API: {type(error).__name__}")
            return False
        sums: dict[str, Decimal] = defaultdict(Decimal)
        for expense in answer.json()["data"]:
            sums[expense["currency"]] += Decimal(expense["amount"])
        spent = ", ".join(f"{amount} {currency}" for currency, amount in sorted(sums.items()))
        self.stdout.write(f"{tenant}: {spent}")
        return True

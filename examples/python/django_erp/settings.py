"""The least that Django wants."""

INSTALLED_APPS = ["expenses"]
USE_TZ = True

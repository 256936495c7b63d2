"""django-oauth-toolkit on a database in memory. Settings: `provider` is whatever is
to differ in `OAUTH2_PROVIDER`; `challenge` is whether the API does as RFC 6750 says.
"""

from datetime import timedelta
from importlib.metadata import version

import django
from django.conf import settings

from serving import ASKED, serve

settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    DATABASES={
        "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "file:tests?mode=memory&cache=shared"}
    },
    INSTALLED_APPS=[
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.staticfiles",
        "oauth2_provider",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.contrib.auth.middleware.AuthenticationMiddleware",
        "__main__.log_in",
    ],
    OAUTH2_PROVIDER={
        "SCOPES": {"openid": "who you are", "offline_access": "while you are away"},
        **ASKED["settings"]["provider"],
    },
    # Slow hashes protect secrets; these are printed in the tests.
    PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"],
    ROOT_URLCONF="__main__",
    SECRET_KEY="only for cookies of tests",
    STATIC_URL="static/",
    TEMPLATES=[
        {"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True, "OPTIONS": {}}
    ],
    USE_TZ=True,
)
django.setup()

from django.contrib.auth import login
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application
from django.db.models import F
from django.http import HttpResponse, JsonResponse
from django.urls import include, path
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from oauth2_provider.decorators import protected_resource
from oauth2_provider.models import AccessToken, Application, RefreshToken


def log_in(get_response):
    """Whoever is asked to authorize is alice."""

    def middleware(request):
        if request.path.startswith("/o/authorize") and not request.user.is_authenticated:
            login(request, User.objects.get(username="alice"))
        return get_response(request)

    return middleware


@protected_resource(advertise_metadata=ASKED["settings"]["challenge"])
def me(request):
    return JsonResponse({"sub": request.resource_owner.username})


@csrf_exempt
def lose(request):
    """Makes an access token no good, and nothing else."""
    found = AccessToken.objects.filter(token=request.headers["x-token"])
    found.update(expires=timezone.now() - timedelta(seconds=1))
    return HttpResponse(status=204)


@csrf_exempt
def age(request):
    """Lets so many seconds pass for all tokens, as if the clock had gone on."""
    passed = timedelta(seconds=int(request.headers["x-seconds"]))
    AccessToken.objects.update(expires=F("expires") - passed)
    RefreshToken.objects.exclude(revoked=None).update(revoked=F("revoked") - passed)
    return HttpResponse(status=204)


urlpatterns = [
    path("o/", include("oauth2_provider.urls", namespace="oauth2_provider")),
    path("me", me),
    path("test/lose", lose),
    path("test/age", age),
]

call_command("migrate", verbosity=0)
User.objects.create_user("alice")
for known in ASKED["clients"]:
    Application.objects.create(
        client_id=known["id"],
        client_secret=known["secret"] or "",
        client_type="confidential" if known["secret"] else "public",
        authorization_grant_type=Application.GRANT_AUTHORIZATION_CODE,
        redirect_uris="http://127.0.0.1/callback",
    )

about = {
    "versions": f"django-oauth-toolkit {version('django-oauth-toolkit')}, Django {version('django')}",
    "places": {
        "issuer": "/o",
        "authorization_endpoint": "/o/authorize/",
        "token_endpoint": "/o/token/",
        "revocation_endpoint": "/o/revoke_token/",
        "api": "/me",
        "lose": "/test/lose",
        "age": "/test/age",
    },
}
serve(get_wsgi_application(), about)

"""Django's settings, from the installation's. The only place that wires."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext_lazy as _

from levelhead.config.environment import Environment, make_folder, read_environment
from levelhead.config.logs import configure_logging

ENVIRONMENT: Environment = read_environment()
PACKAGE = Path(__file__).resolve().parent.parent

SECRET_KEY = ENVIRONMENT.secret_key
DEBUG = ENVIRONMENT.debug
ALLOWED_HOSTS = list(ENVIRONMENT.allowed_hosts)

# For so long a reply can be taken back where an agency has not said otherwise.
REPLY_UNDO_SECONDS = 10

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth",
    "allauth.account",
    "levelhead.accounts",
    "levelhead.records",
    "levelhead.live",
    "levelhead.pictures",
    "levelhead.channels",
    "levelhead.inbox",
    "levelhead.clocks",
    "levelhead.alerts",
    "levelhead.replies",
    "levelhead.learning",
    "levelhead.knowledge",
    "levelhead.asked",
    "levelhead.posts",
    "levelhead.commitments",
    "levelhead.api",
    "levelhead.webhooks",
    "levelhead.today",
    "levelhead.topics",
    "levelhead.forecasts",
    "levelhead.issues",
    "levelhead.incidents",
    "levelhead.ledger",
    "levelhead.updates",
    "levelhead.corrections",
    "levelhead.rumors",
    "levelhead.silence",
    "levelhead.afteraction",
    "levelhead.publicpage",
    "levelhead.subscribers",
    "levelhead.research",
    # Before approvals: what nobody has read is refused before anybody is asked about it.
    "levelhead.drafting",
    "levelhead.approvals",
    "levelhead.teamwork",
    "levelhead.notifications",
    "levelhead.handover",
    "levelhead.presence",
    "levelhead.drafts",
    "levelhead.web",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "levelhead.web.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "levelhead.web.middleware.PersonalLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "levelhead.web.middleware.SpokenErrors",
]

ROOT_URLCONF = "levelhead.config.urls"
WSGI_APPLICATION = "levelhead.config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "web" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "levelhead.web.context.strip",
            ],
        },
    }
]


def _database(environment: Environment) -> dict[str, object]:
    if environment.database == "sqlite":
        make_folder(environment.data)
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": environment.sqlite_path,
            "OPTIONS": {
                # A writer waits for its turn instead of failing half-way through.
                "transaction_mode": "IMMEDIATE",
                "timeout": 30,
                # FULL: records must survive power loss; in batches it costs a tenth at most.
                "init_command": (
                    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16384;"
                    "PRAGMA wal_autocheckpoint=4000; PRAGMA temp_store=MEMORY;"
                ),
            },
            "CONN_MAX_AGE": None,
        }
    parts = urlsplit(environment.database)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
    }


DATABASES = {"default": _database(ENVIRONMENT)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_ADAPTER = "levelhead.accounts.adapter.InvitedOnly"
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_LOGOUT_REDIRECT_URL = "/"
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
LOGIN_URL = "/accounts/login/"
LOGIN_REDIRECT_URL = "/"

SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = ENVIRONMENT.https
CSRF_COOKIE_SECURE = ENVIRONMENT.https
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_FAILURE_VIEW = "levelhead.web.form_tokens.refuse_form"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if ENVIRONMENT.https else None
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
# A reply may be long, a webhook longer; more than this is refused before it is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("es", _("Spanish"))]
LOCALE_PATHS = [PACKAGE / "web" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATICFILES_DIRS = [PACKAGE / "web" / "static"]
# Finders serve the package's own files: nothing to collect on one machine, but the folder must be.
STATIC_ROOT = ENVIRONMENT.data / "static"
STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

EMAIL_BACKEND = "django.core.mail.backends.dummy.EmailBackend"

LOGGING_CONFIG = None
configure_logging(ENVIRONMENT.log_level)

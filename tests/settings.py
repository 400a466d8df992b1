"""Settings of the tests: the product's own, on a data folder of the run's own.

`LEVELHEAD_TEST_DATABASE` chooses the database: sqlite (default) or an address of PostgreSQL.
"""

import atexit
import os
import shutil
import tempfile

os.environ["LEVELHEAD_DATA"] = tempfile.mkdtemp(prefix="levelhead-tests-")
atexit.register(shutil.rmtree, os.environ["LEVELHEAD_DATA"], ignore_errors=True)
os.environ["LEVELHEAD_DATABASE"] = os.environ.get("LEVELHEAD_TEST_DATABASE", "sqlite")
os.environ["LEVELHEAD_LOG_LEVEL"] = "error"

from levelhead.config.settings import *  # noqa: F403

# Tests sign in often; the product's own hasher takes its time on purpose.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Replies leave at once, except where a test is about the moment before.
REPLY_UNDO_SECONDS = 0
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]

# conftest.py adds what the models do not say.
DATABASES["default"]["TEST"] = {"MIGRATE": False}  # noqa: F405
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):  # noqa: F405
    # A file, as in the product: in memory, SQLite locks whole tables between threads.
    DATABASES["default"]["TEST"]["NAME"] = os.path.join(  # noqa: F405
        os.environ["LEVELHEAD_DATA"], "test.sqlite3"
    )

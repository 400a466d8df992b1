"""Writes docs/reference/api.md from the API's own description.

`python -m levelhead.api.page > docs/reference/api.md`
"""

from __future__ import annotations

from typing import Any

HEAD = """# The API

For programs; every address is below `/api/v1/`. Written from the program's own description, which each installation gives at `/api/v1/openapi.json` (OpenAPI 3.1). How to make a key and use it: [use the API](../howto/use-the-api.md).

Send `Authorization: Bearer lh_…`. A key acts as the person who made it, in one agency, within its scopes: `read`, `work`, `reply`, `records`; never further than that person may go. A refusal is always `{"error": {"code", "message", "permanent", "data"}}`: `no_key` (401), `not_allowed` (403), `not_found` (404; another agency's things look like none), `conflict` (409; somebody changed it meanwhile), `invalid` (400 or 422), `held` (400; the reply check), `drafting_unread` (400; words that a model drafted are in it, and nobody has said that they are right: send `draft_read`), `needs_posts` (400; the reply is longer than one post: `data.posts` says how many it takes, send it again with that number), `too_often` (429 with `Retry-After`; 600 requests a minute for each key). Messages come in the language of `Accept-Language`, English or Spanish.

Ids are strings of digits. Times are ISO 8601 with their zone. Lists give `next`, the address of what follows, empty at the end. A change takes the `version` that was looked at and is refused with 409 where the case is not that any more.

`Idempotency-Key` (up to 100 characters) with any POST: the same request again within a day gives the same answer and does nothing again; a reply needs one.
"""  # noqa: E501 - lines of a document


def write_page() -> str:
    """The page as Markdown. Django must be set up."""
    from levelhead.api.app import api

    schema = api.get_openapi_schema()
    lines = [HEAD]
    parts = schema["components"]["schemas"]
    tag = ""
    for path, methods in schema["paths"].items():
        for method, told in methods.items():
            if told["tags"][0] != tag:
                tag = told["tags"][0]
                lines.append(f"## {tag.capitalize()}\n")
            lines += _operation(method, path.removeprefix("/api/v1"), told)
    lines.append("## Shapes\n")
    for name, shape in sorted(parts.items()):
        lines += _shape(name, shape)
    return "\n".join(lines).rstrip() + "\n"


def _operation(method: str, path: str, told: dict[str, Any]) -> list[str]:
    lines = [f"### {told['summary']}\n", f"`{method.upper()} {path}`\n"]
    if told.get("description"):
        lines.append(f"{' '.join(told['description'].split())}\n")
    given = [one for one in told.get("parameters", []) if one["in"] == "query"]
    if given:
        lines += ["| parameter | |", "|---|---|"]
        lines += [
            f"| `{one['name']}` | {one.get('description', '') or one['schema'].get('type', '')} |"
            for one in given
        ]
        lines.append("")
    body = told.get("requestBody")
    if body:
        lines.append(f"Takes {_link(body['content']['application/json']['schema'])}.\n")
    answer = told["responses"][200]["content"]["application/json"]["schema"]
    lines.append(f"Gives {_link(answer)}.\n")
    return lines


def _shape(name: str, shape: dict[str, Any]) -> list[str]:
    lines = [f"### {name}\n"]
    if shape.get("description"):
        lines.append(f"{' '.join(shape['description'].split())}\n")
    lines += ["| field | | |", "|---|---|---|"]
    required = set(shape.get("required", []))
    for field, told in shape.get("properties", {}).items():
        may = "" if field in required else "may be left out. "
        lines.append(f"| `{field}` | {_kind(told)} | {may}{told.get('description', '')} |")
    return [*lines, ""]


def _link(schema: dict[str, Any]) -> str:
    name = schema["$ref"].rsplit("/", 1)[1]
    return f"[{name}](#{name.lower()})"


def _kind(told: dict[str, Any]) -> str:
    if "anyOf" in told:
        return " or ".join(_kind(one) for one in told["anyOf"])
    if "$ref" in told:
        return _link(told)
    if told.get("type") == "array":
        return f"list of {_kind(told['items'])}"
    return str(told.get("format") or told.get("type") or "anything")


if __name__ == "__main__":
    import sys

    from levelhead.config.boot import start_django

    start_django(migrate=False)
    sys.stdout.write(write_page())

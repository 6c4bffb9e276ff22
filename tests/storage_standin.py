"""A stand-in of Supabase Storage's HTTP API, for tests without a project.

It imitates, in memory: buckets with limits and types; objects by multipart POST with x-upsert;
signed download links with Range; signed upload tokens bound to one key; listing in pages with
folders as entries without an id; deletion; and the TUS protocol at /upload/resumable/sign, with
pieces of exactly 6 MiB but the last. Statuses, error bodies and the habit of closing the
connection after a refused upload are those of the real service. What the real service does is
checked by the tests marked `hosted`.
"""

from __future__ import annotations

import base64
import hashlib
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

SERVICE_KEY = "service-key-only-for-tests"
PIECE_BYTES = 6 * 2**20
_JWT = "a signing key that only the storage knows"


@dataclass
class Upload:
    """A resumable upload under way."""

    bucket: str
    name: str
    content_type: str
    length: int
    upsert: bool
    body: bytearray = field(default_factory=bytearray)


class Refused(Exception):
    def __init__(self, status: int, code: int, error: str, message: str) -> None:
        self.answer = JSONResponse(
            {"statusCode": str(code), "error": error, "message": message},
            status,
            {"connection": "close"},
        )


class Storage:
    """The state. sign_life_s: how long upload tokens hold."""

    def __init__(self) -> None:
        self.buckets: dict[str, dict[str, Any]] = {}
        self.objects: dict[tuple[str, str], tuple[bytes, str]] = {}
        self.uploads: dict[str, Upload] = {}
        self.sign_life_s = 7200
        self.requests: list[str] = []

    def store(self, bucket: str, name: str, body: bytes, content_type: str, upsert: bool) -> None:
        self.check(bucket, content_type, len(body))
        if (bucket, name) in self.objects and not upsert:
            raise Refused(400, 409, "Duplicate", "The resource already exists")
        self.objects[bucket, name] = (body, content_type)

    def check(self, bucket: str, content_type: str, size: int) -> None:
        if bucket not in self.buckets:
            raise Refused(400, 404, "Bucket not found", "Bucket not found")
        rules = self.buckets[bucket]
        if content_type not in rules["allowed_mime_types"]:
            message = f"mime type {content_type} is not supported"
            raise Refused(400, 415, "invalid_mime_type", message)
        if size > rules["file_size_limit"]:
            message = "The object exceeded the maximum allowed size"
            raise Refused(400, 413, "Payload too large", message)

    def found(self, bucket: str, name: str) -> tuple[bytes, str]:
        if (bucket, name) not in self.objects:
            raise Refused(400, 404, "not_found", "Object not found")
        return self.objects[bucket, name]


def signed(scope: str, url: str, life_s: int, **more: Any) -> str:
    claims = {"url": url, "scope": scope, "exp": int(time.time()) + life_s, **more}
    return jwt.encode(claims, _JWT, algorithm="HS256")


def believed(token: str, scope: str, url: str) -> dict[str, Any]:
    try:
        claims = jwt.decode(token, _JWT, algorithms=["HS256"])
    except jwt.PyJWTError as error:
        raise Refused(400, 400, "InvalidJWT", str(error)) from error
    if claims["scope"] != scope or claims["url"] != url:
        raise Refused(400, 400, "InvalidSignature", "Invalid signature")
    return claims


class Objects:
    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def only_service(self, request: Request) -> None:
        if request.headers.get("authorization") != f"Bearer {SERVICE_KEY}":
            raise Refused(400, 403, "Unauthorized", "Invalid Compact JWS")

    async def buckets(self, request: Request) -> Response:
        self.only_service(request)
        if request.method == "GET":
            return JSONResponse(list(self.storage.buckets.values()))
        asked = await request.json()
        if request.method == "POST" and asked["id"] in self.storage.buckets:
            raise Refused(400, 409, "Duplicate", "The resource already exists")
        stamps = dict.fromkeys(("created_at", "updated_at"), "2026-01-01T00:00:00Z")
        self.storage.buckets[asked["id"]] = {"owner": "", **stamps, **asked}
        return JSONResponse({"name": asked["id"]})

    async def put_object(self, request: Request) -> Response:
        self.only_service(request)
        async with request.form() as form:
            file = form["file"]
            assert not isinstance(file, str)
            body, content_type = await file.read(), file.content_type or "text/plain"
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        upsert = request.headers.get("x-upsert") == "true"
        self.storage.store(bucket, name, body, content_type, upsert)
        return JSONResponse({"Key": f"{bucket}/{name}", "Id": str(uuid4())})

    async def sign(self, request: Request) -> Response:
        self.only_service(request)
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        self.storage.found(bucket, name)
        life_s = int((await request.json())["expiresIn"])
        url = f"{bucket}/{name}"
        token = signed("download", url, life_s)
        return JSONResponse({"signedURL": f"/object/sign/{url}?token={token}"})

    async def read(self, request: Request) -> Response:
        bucket, name = request.path_params["bucket"], request.path_params["name"]
        believed(request.query_params.get("token", ""), "download", f"{bucket}/{name}")
        body, content_type = self.storage.found(bucket, name)
        headers = {"etag": f'"{hashlib.md5(body).hexdigest()}"', "cache-control": "no-cache"}
        if (download := request.query_params.get("download")) is not None:
            headers["content-disposition"] = f"attachment; filename={download};"
        wanted = request.headers.get("range", "")
        if wanted.startswith("bytes="):
            first, _, last = wanted.removeprefix("bytes=").partition("-")
            start, end = int(first), int(last or len(body) - 1)
            headers["content-range"] = f"bytes {start}-{end}/{len(body)}"
            return Response(body[start : end + 1], 206, headers, content_type)
        return Response(body, 200, headers, content_type)

    async def sign_upload(self, request: Request) -> Response:
        self.only_service(request)
        url = f"{request.path_params['bucket']}/{request.path_params['name']}"
        upsert = request.headers.get("x-upsert") == "true"
        if tuple(url.split("/", 1)) in self.storage.objects and not upsert:
            raise Refused(400, 409, "Duplicate", "The resource already exists")
        token = signed("upload", url, self.storage.sign_life_s, upsert=upsert)
        return JSONResponse({"url": f"/object/upload/sign/{url}?token={token}", "token": token})

    async def listing(self, request: Request) -> Response:
        self.only_service(request)
        asked, bucket = await request.json(), request.path_params["bucket"]
        folder = f"{asked['prefix']}/" if asked["prefix"] else ""
        names = [n for b, n in self.storage.objects if b == bucket and n.startswith(folder)]
        below = sorted({n.removeprefix(folder).partition("/")[::2] for n in names})
        first = {name: None if rest else str(uuid4()) for name, rest in below}
        entries = [{"name": name, "id": id} for name, id in first.items()]
        return JSONResponse(entries[asked["offset"] :][: asked["limit"]])

    async def delete(self, request: Request) -> Response:
        self.only_service(request)
        bucket, names = request.path_params["bucket"], (await request.json())["prefixes"]
        gone = [name for name in names if self.storage.objects.pop((bucket, name), None)]
        return JSONResponse([{"name": name} for name in gone])

    async def refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return error.answer


class Uploads:
    """The TUS protocol."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def claims(self, request: Request, bucket: str, name: str) -> dict[str, Any]:
        return believed(request.headers.get("x-signature", ""), "upload", f"{bucket}/{name}")

    async def create(self, request: Request) -> Response:
        self.storage.requests.append("POST")
        pairs = [pair.split(" ") for pair in request.headers["upload-metadata"].split(",")]
        said = {key: base64.b64decode(value).decode() for key, value in pairs}
        bucket, name = said["bucketName"], said["objectName"]
        upsert = self.claims(request, bucket, name)["upsert"]
        length = int(request.headers["upload-length"])
        if length > self.storage.buckets[bucket]["file_size_limit"]:
            return Response("Maximum size exceeded\n", 413)
        self.storage.check(bucket, said["contentType"], length)
        upload_id = uuid4().hex
        self.storage.uploads[upload_id] = Upload(bucket, name, said["contentType"], length, upsert)
        headers = {"location": f"{request.url.path}/{upload_id}", "tus-resumable": "1.0.0"}
        return Response(status_code=201, headers=headers)

    def found(self, request: Request) -> Upload | None:
        upload = self.storage.uploads.get(request.path_params["id"])
        if upload:
            self.claims(request, upload.bucket, upload.name)
        return upload

    def stands(self, upload: Upload, status: int) -> Response:
        headers = {"upload-offset": str(len(upload.body)), "upload-length": str(upload.length)}
        return Response(status_code=status, headers=headers)

    async def head(self, request: Request) -> Response:
        self.storage.requests.append("HEAD")
        upload = self.found(request)
        return self.stands(upload, 200) if upload else Response(status_code=404)

    async def patch(self, request: Request) -> Response:
        self.storage.requests.append("PATCH")
        upload = self.found(request)
        if upload is None:
            return Response("The file for this url was not found\n", 404)
        if int(request.headers["upload-offset"]) != len(upload.body):
            return Response("Upload-Offset conflict\n", 409)
        piece = await request.body()
        is_last = len(upload.body) + len(piece) == upload.length
        if len(piece) != PIECE_BYTES and not is_last:
            return Response("Invalid part size\n", 400)
        upload.body += piece
        if is_last:
            name = (upload.bucket, upload.name)
            self.storage.store(*name, bytes(upload.body), upload.content_type, upload.upsert)
        return self.stands(upload, 204)

    def routes(self, path: str) -> list[Route]:
        return [
            Route(path, self.create, methods=["POST"]),
            Route(f"{path}/{{id}}", self.head, methods=["HEAD"]),
            Route(f"{path}/{{id}}", self.patch, methods=["PATCH"]),
        ]


def make_standin(storage: Storage) -> Starlette:
    """The app to serve, below /storage/v1."""
    app = Objects(storage)
    base, objects = "/storage/v1", "/storage/v1/object"
    routes = [
        Route(f"{base}/bucket", app.buckets, methods=["GET", "POST"]),
        Route(f"{base}/bucket/{{id}}", app.buckets, methods=["PUT"]),
        Route(f"{objects}/sign/{{bucket}}/{{name:path}}", app.sign, methods=["POST"]),
        Route(f"{objects}/sign/{{bucket}}/{{name:path}}", app.read, methods=["GET"]),
        Route(f"{objects}/upload/sign/{{bucket}}/{{name:path}}", app.sign_upload, methods=["POST"]),
        Route(f"{objects}/list/{{bucket}}", app.listing, methods=["POST"]),
        Route(f"{objects}/{{bucket}}", app.delete, methods=["DELETE"]),
        Route(f"{objects}/{{bucket}}/{{name:path}}", app.put_object, methods=["POST"]),
        *Uploads(storage).routes(f"{base}/upload/resumable/sign"),
    ]
    return Starlette(routes=routes, exception_handlers={Refused: app.refused})

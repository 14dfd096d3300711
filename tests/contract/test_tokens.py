"""Our tokens verify with any JOSE library, against the keys we publish; and only ours."""

import base64
import json
import time

import jwt
import requests
from conftest import Host, User
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, OKPKey


def jwks(host: Host) -> dict:
    answer = requests.get(f"{host.url}/api/auth/jwks", timeout=10)
    assert answer.status_code == 200
    return answer.json()


def test_joserfc_verifies_a_token_with_the_published_keys(host: Host, user: User) -> None:
    keys = jwks(host)
    for key in keys["keys"]:
        assert (key["kty"], key["crv"], key["alg"], key["use"]) == ("OKP", "Ed25519", "EdDSA", "sig")
        assert "d" not in key, "a private key is published"
    token = joserfc_jwt.decode(user.token, KeySet.import_key_set(keys), algorithms=["EdDSA", "Ed25519"])
    assert token.header["alg"] == "EdDSA"
    claims = token.claims
    assert claims["sub"] == claims["user_id"] == user.id
    assert claims["iss"] == "dayloom" and claims["aud"] in ("dayloom", ["dayloom"])
    assert 0 < claims["exp"] - time.time() <= 900


def test_pyjwt_verifies_it_too(host: Host, user: User) -> None:
    key = jwt.PyJWKSet.from_dict(jwks(host))[jwt.get_unverified_header(user.token)["kid"]]
    claims = jwt.decode(user.token, key, algorithms=["EdDSA"], audience="dayloom", issuer="dayloom")
    assert claims["user_id"] == user.id


def test_forged_tokens_are_refused(host: Host, user: User) -> None:
    header, claims, signature = user.token.split(".")
    kid = jwt.get_unverified_header(user.token)["kid"]
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))

    def encode(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    other_key = OKPKey.generate_key("Ed25519")
    public = next(key for key in jwks(host)["keys"] if key["kid"] == kid)
    forged = {
        "no signature": f"{header}.{claims}.",
        "alg none": f"{encode({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{claims}.",
        "other claims": f"{header}.{encode(decoded | {'sub': 'x', 'user_id': 'x'})}.{signature}",
        "other key": joserfc_jwt.encode({"alg": "EdDSA", "kid": kid}, decoded, other_key, algorithms=["EdDSA"]),
        "unknown kid": joserfc_jwt.encode({"alg": "EdDSA", "kid": "nobody"}, decoded, other_key, algorithms=["EdDSA"]),
        "public key as HMAC secret": jwt.encode(decoded, base64.urlsafe_b64decode(public["x"] + "="), "HS256", headers={"kid": kid}),
        "not a token": "x",
        "very long": "a." * 10_000,
    }
    for name, token in forged.items():
        answer = requests.get(user.path("/tasks"), headers={"authorization": f"Bearer {token}"}, timeout=10)
        assert answer.status_code in (401, 431), name
    assert requests.get(user.path("/tasks"), headers={"authorization": f"Bearer {user.token}"}, timeout=10).status_code == 200

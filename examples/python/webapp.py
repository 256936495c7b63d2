"""A web app whose customers connect: one page of tenants, with Connect and Disconnect.

    uvicorn webapp:app --no-access-log

No access log: the redirect's URL holds a code, and belongs into no log.
"""

from typing import Annotated

from erp import CALLBACK, connections
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment, PackageLoader

from evergrant import EvergrantError

app = FastAPI()
pages = Environment(loader=PackageLoader("webapp"), autoescape=True)
TENANTS = {"north": "North Trading ApS", "south": "South Imports AB"}

ADVICE = {
    "denied_access": "Access was not granted. Nothing has changed.",
    "callback_state_used": "This page was loaded twice. See below whether you are connected.",
    "company_mismatch": "That is another company than the one that is connected here.",
}


def tenant_of(tenant: str) -> str:
    """Your own login says here which tenants this person may see."""
    if tenant not in TENANTS:
        raise HTTPException(404)
    return tenant


def own_page(request: Request) -> None:
    """A button of ours was pressed, not one of another site."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403)


Tenant = Annotated[str, Depends(tenant_of)]


@app.get("/")
def tenants(request: Request, code: str | None = None) -> HTMLResponse:
    rows = [row(tenant, name) for tenant, name in TENANTS.items()]
    told = code and ADVICE.get(code, f"That did not work ({code[:60]}). Please try again.")
    return HTMLResponse(pages.get_template("tenants.html").render(rows=rows, told=told))


def row(tenant: str, name: str) -> dict[str, object]:
    try:
        connection = connections[tenant]
        return {"tenant": tenant, "name": name, "status": connection.status(), "company": connection.company()}
    except EvergrantError as error:  # The store does not answer: the page still comes.
        return {"tenant": tenant, "name": name, "error": error.code}


# Not async: FastAPI runs these in threads, where waiting harms nobody.
@app.post("/connect/{tenant}", dependencies=[Depends(own_page)])
def connect(tenant: Tenant) -> RedirectResponse:
    try:
        begun = connections[tenant].authorize(CALLBACK, return_context=f"/#{tenant}")
    except EvergrantError as error:
        return RedirectResponse(f"/?code={error.code}", 303)
    answer = RedirectResponse(begun.url.expose(), 303)
    answer.set_cookie(**begun.cookie.arguments())
    return answer


@app.get("/callback")
def callback(request: Request) -> RedirectResponse:
    """One for all tenants; evergrant finds out whose it is."""
    try:
        done = connections.callback(f"{CALLBACK}?{request.url.query}", request.cookies)
    except EvergrantError as error:
        return RedirectResponse(f"/?code={error.code}", 303)
    return RedirectResponse(done.return_context or "/", 303)


@app.post("/disconnect/{tenant}", dependencies=[Depends(own_page)])
def disconnect(tenant: Tenant) -> RedirectResponse:
    try:
        connections[tenant].disconnect()
    except EvergrantError as error:
        return RedirectResponse(f"/?code={error.code}", 303)
    return RedirectResponse("/", 303)

"""Door of the dashboard: an ASGI launcher that puts the gate in front of Streamlit.

Never the script that Streamlit runs: beside a folder named `pages/`, a deep link to a fresh server would run
that page without the shell, and so without its menu of roles. The script is `pages/_shell.py`. Start it with
`python app.py`, `streamlit run app.py` or `uvicorn app:app`. Needs in its environment LAADWACHT_READ_URL,
LAADWACHT_READ_TOKEN_FILE and LAADWACHT_HTTP_URL; address and port come from LAADWACHT_DASHBOARD_HOST and
LAADWACHT_DASHBOARD_PORT when it is started with `python app.py`.
"""

from __future__ import annotations

import os
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from pages._gate import Gate, StaticGzip
from pages._magic import act_here, ask_fresh, opened, prepare, read, use
from pages._signin import health, sign_in, sign_in_form, sign_out
from pages._unsubscribe import ask_unsubscribe, unsubscribe
from pages._warm import warmed

PAGES = Path(__file__).resolve().parent / "pages"

prepare()
app = st.App(
    PAGES / "_shell.py",
    routes=[
        Route("/login", sign_in_form, methods=["GET"]),
        Route("/login", sign_in, methods=["POST"]),
        Route("/logout", sign_out, methods=["POST"]),
        Route("/m", read, methods=["GET"]),
        Route("/m", act_here, methods=["POST"]),
        Route("/m/{token}", opened, methods=["GET"]),
        Route("/m/{token}", use, methods=["POST"]),
        Route("/m/{token}/fresh", ask_fresh, methods=["POST"]),
        Route("/unsubscribe", ask_unsubscribe, methods=["GET"]),
        Route("/unsubscribe", unsubscribe, methods=["POST"]),
        Route("/healthz", health, methods=["GET"]),
        Mount("/assets", StaticFiles(directory=PAGES / "static")),
    ],
    middleware=[Middleware(Gate), Middleware(StaticGzip)],
    lifespan=warmed,
)

if __name__ == "__main__":
    app.run(
        config={
            "server.address": os.environ.get("LAADWACHT_DASHBOARD_HOST", "127.0.0.1"),
            "server.port": int(os.environ.get("LAADWACHT_DASHBOARD_PORT", "8501")),
        }
    )

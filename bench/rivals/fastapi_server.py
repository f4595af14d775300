"""FastAPI on uvicorn; the endpoint is a plain function, so it runs in the pool of threads."""

from classifier import classify, session
from fastapi import Body, FastAPI

app = FastAPI()
sess = session()


@app.get("/ready")
def ready():
    return "ready"


@app.post("/classify")
def endpoint(body: bytes = Body(media_type="image/jpeg")):
    return classify(sess, body)

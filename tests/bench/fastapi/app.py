"""The twin that Dayloom replaces: FastAPI, SQLModel and asyncpg on PostgreSQL, written as its users write it.

Publishing is left out (the original publishes after the commit, and may lose the event), so this is its best case.
"""

import os
import uuid
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from typing import Annotated, AsyncIterator

import jwt
from fastapi import Depends, FastAPI, HTTPException, Query
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlmodel import Field, SQLModel, select

engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=10, max_overflow=10)
new_session = async_sessionmaker(engine, expire_on_commit=False)
public_key = os.environ["PUBLIC_KEY_PEM"]
bearer = HTTPBearer()


def now() -> datetime:
    return datetime.now(timezone.utc)


class TaskIn(SQLModel):
    title: str = Field(min_length=1, max_length=200)
    description: str | None = Field(default=None, max_length=10_000)
    priority: str = "medium"
    due_date: datetime | None = None


class Task(SQLModel, table=True):
    id: uuid.UUID = Field(default_factory=uuid.uuid4, primary_key=True)
    user_id: str = Field(index=True)
    title: str
    description: str | None = None
    status: str = "pending"
    priority: str = "medium"
    due_date: datetime | None = None
    created_at: datetime = Field(default_factory=now, index=True)
    updated_at: datetime = Field(default_factory=now)
    completed_at: datetime | None = None


class TaskList(SQLModel):
    items: list[Task]


async def session() -> AsyncIterator[AsyncSession]:
    async with new_session() as s:
        yield s


def principal(user_id: str, credentials: Annotated[HTTPAuthorizationCredentials, Depends(bearer)]) -> str:
    try:
        claims = jwt.decode(credentials.credentials, public_key, algorithms=["EdDSA"], audience="dayloom")
    except jwt.InvalidTokenError:
        raise HTTPException(401)
    if claims["user_id"] != user_id:
        raise HTTPException(403)
    return user_id


Session = Annotated[AsyncSession, Depends(session)]
User = Annotated[str, Depends(principal)]


@asynccontextmanager
async def lifespan(_: FastAPI):
    async with engine.begin() as connection:
        # Two workers start at once; only one may create the tables.
        await connection.exec_driver_sql("SELECT pg_advisory_xact_lock(1)")
        await connection.run_sync(SQLModel.metadata.create_all)
    yield


app = FastAPI(lifespan=lifespan)


@app.get("/health")
async def health() -> dict[str, str]:
    return {"status": "ok"}


async def owned(s: AsyncSession, user: str, task_id: uuid.UUID) -> Task:
    task = (await s.execute(select(Task).where(Task.user_id == user, Task.id == task_id))).scalar_one_or_none()
    if task is None:
        raise HTTPException(404)
    return task


@app.post("/api/{user_id}/tasks", status_code=201)
async def create(draft: TaskIn, user: User, s: Session) -> Task:
    task = Task(user_id=user, **draft.model_dump())
    s.add(task)
    await s.commit()
    await s.refresh(task)
    return task


@app.get("/api/{user_id}/tasks")
async def list_tasks(user: User, s: Session, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> TaskList:
    rows = await s.execute(select(Task).where(Task.user_id == user).order_by(Task.created_at.desc()).limit(limit))
    return TaskList(items=list(rows.scalars()))


@app.get("/api/{user_id}/tasks/{task_id}")
async def read(task_id: uuid.UUID, user: User, s: Session) -> Task:
    return await owned(s, user, task_id)


@app.patch("/api/{user_id}/tasks/{task_id}/complete")
async def complete(task_id: uuid.UUID, user: User, s: Session) -> Task:
    task = await owned(s, user, task_id)
    task.status, task.completed_at, task.updated_at = "completed", now(), now()
    s.add(task)
    await s.commit()
    await s.refresh(task)
    return task

"""What all pieces of work share, as an actor on the machine that asked for the work."""

from __future__ import annotations

from typing import Any

from nephoscope.interfaces import EndpointError


class Host:
    """Runs as the actor: one call at a time, so that nothing is counted twice and no limit is passed by two at once."""

    def __init__(self, shared: Any) -> None:
        self._shared = shared

    def call(self, method: str, args: tuple[Any, ...]) -> tuple[Any, BaseException | None]:
        """What a method returns, or what it raises."""
        try:
            return getattr(self._shared, method)(*args), None
        except Exception as error:
            return None, error


class Desk:
    """Reaches the actor: each method is one of the shared object's. What that raises is raised."""

    def __init__(self, actor: Any) -> None:
        self._actor = actor

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*args: Any) -> Any:
            from nephoscope_engine_ray.cluster import load

            ray = load()
            try:
                result, error = ray.get(self._actor.call.remote(method, args))
            except ray.exceptions.RayActorError as gone:
                message = "the actor with what cells share is gone, and with it the machine that asked, or its memory"
                raise EndpointError(message, "run the same command again: it goes on") from gone
            if error is not None:
                raise error
            return result

        return call

    def __getstate__(self) -> dict[str, Any]:
        return {"_actor": self._actor}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

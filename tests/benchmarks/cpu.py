"""The processor time that each process takes."""

from collections import defaultdict

import psutil


class CpuClock:
    """Processor seconds by name, over living processes and their descendants."""

    def __init__(self, processes: dict[str, int]) -> None:
        self._processes = [(name, psutil.Process(pid)) for name, pid in processes.items()]

    def add(self, name: str, pid: int) -> None:
        """Counts one more process from now on."""
        self._processes.append((name, psutil.Process(pid)))

    def read(self) -> dict[str, float]:
        """Seconds so far."""
        total: dict[str, float] = defaultdict(float)
        for name, process in self._processes:
            try:
                family = [process, *process.children(recursive=True)]
            except psutil.NoSuchProcess:
                continue
            for member in family:
                try:
                    # User and system time; the children that have ended are counted in their parent.
                    total[name] += sum(member.cpu_times()[:4])
                except psutil.NoSuchProcess:
                    continue
        return dict(total)

    def since(self, before: dict[str, float]) -> dict[str, float]:
        """Seconds since that reading, of those who took any."""
        used = {name: seconds - before.get(name, 0.0) for name, seconds in self.read().items()}
        return {name: seconds for name, seconds in used.items() if seconds >= 0.01}

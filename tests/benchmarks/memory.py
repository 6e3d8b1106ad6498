"""The memory that a process holds, as the kernel counts it (https://docs.kernel.org/filesystems/proc.html)."""

from pathlib import Path

_RESET_PEAK = "5"
_KIB = 1024


class Memory:
    """The memory of one process, in bytes. Asking raises OSError where there is no `/proc` or no such process."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")

    def now(self) -> int:
        """Returns the bytes that it holds."""
        return self._read("VmRSS")

    def peak(self) -> int:
        """The most that it held since `forget_peak`, or since its start where the kernel does not forget."""
        return self._read("VmHWM")

    def forget_peak(self) -> None:
        """Lets the peak begin again. Where that is not allowed, later peaks are too high, never too low."""
        try:
            (self._folder / "clear_refs").write_text(_RESET_PEAK)
        except OSError:
            return

    def _read(self, name: str) -> int:
        for line in (self._folder / "status").read_text().splitlines():
            if line.startswith(f"{name}:"):
                return int(line.split()[1]) * _KIB
        raise ProcessLookupError(f"{self._folder} tells no {name}: the process has ended")

#!/usr/bin/env python3
"""Set the project up in its own folder, then start it or its tests.

    python3 packaging/bootstrap.py run  [arguments of `ifllm-desktop demo`]
    python3 packaging/bootstrap.py test [arguments of pytest]

Needs nothing but a Python 3 (3.6 or newer) to be read by; the work itself is done with Python 3.12, 3.11 or 3.13,
which it looks for in this order. Everything goes into `.venv` beside this folder; packages come from wherever pip is
configured to get them. A stamp in `.venv` makes the next start take seconds.

Environment: IFLLM_TORCH_INDEX names a package index to take PyTorch from.
"""

import ctypes
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from typing import Any, Dict, Iterable, Iterator, List, Optional, Tuple

CHECKOUT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(CHECKOUT, ".venv")
LOG = os.path.join(VENV, "bootstrap.log")
STAMP = os.path.join(VENV, ".bootstrap-stamp")
PYPROJECT = os.path.join(CHECKOUT, "pyproject.toml")
CONSTRAINTS = os.path.join(CHECKOUT, "packaging", "constraints.txt")

MOST_TEST_WORKERS = 4  # each has the face model and torch in its memory
WANTED = ((3, 12), (3, 11), (3, 13))
# The first so many have a MediaPipe that brings its face model; with the others a camera needs one to be fetched.
N_WITH_FACE_MODEL = 2
TEST_EXTRAS = ("test", "thirdparty")
# Measured: 2.6 GB for everything with a CPU build of PyTorch, and pip unpacks beside it.
NEEDED_GB = 4
NEEDED_CUDA_GB = 12

# Shared object that must load -> Debian package that brings it.
OFFSCREEN_LIBRARIES = (
    ("libEGL.so.1", "libegl1"),
    ("libGL.so.1", "libgl1"),
    ("libxkbcommon.so.0", "libxkbcommon0"),
    ("libfontconfig.so.1", "libfontconfig1"),
    ("libdbus-1.so.3", "libdbus-1-3"),
    ("libglib-2.0.so.0", "libglib2.0-0"),
)
WINDOW_LIBRARIES = (
    ("libX11-xcb.so.1", "libx11-xcb1"),
    ("libxcb-cursor.so.0", "libxcb-cursor0"),
    ("libxcb-icccm.so.4", "libxcb-icccm4"),
    ("libxcb-image.so.0", "libxcb-image0"),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1"),
    ("libxcb-randr.so.0", "libxcb-randr0"),
    ("libxcb-render-util.so.0", "libxcb-render-util0"),
    ("libxcb-shape.so.0", "libxcb-shape0"),
    ("libxcb-shm.so.0", "libxcb-shm0"),
    ("libxcb-sync.so.1", "libxcb-sync1"),
    ("libxcb-util.so.1", "libxcb-util1"),
    ("libxcb-xfixes.so.0", "libxcb-xfixes0"),
    ("libxcb-xkb.so.1", "libxcb-xkb1"),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0"),
)
TEST_PROGRAMS = (("Xvfb", "xvfb"), ("xdotool", "xdotool"), ("openbox", "openbox"))
FONT_PACKAGE = "fonts-dejavu-core"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.local/share/fonts", "~/.fonts")

# What pip says -> what that means and what to do. The first that matches is said.
FAILURES = (
    (
        r"No space left on device|Errno 28|not enough space on the disk",
        "The disk is full: free {gb} GB and start again.",
    ),
    (
        r"Read-only file system|Errno 30",
        "{checkout} is read-only: copy the project to a folder that you may write to and start again.",
    ),
    (
        r"Permission denied|Errno 13|Access is denied",
        "A folder may not be written to (see {log}): check who owns {checkout} and start again.",
    ),
    (
        r"SSLError|CERTIFICATE_VERIFY_FAILED",
        (
            "The package index was reached, but its certificate is not trusted: tell pip about the "
            "certificate of your network (pip config set global.cert FILE) and start again."
        ),
    ),
    (
        r"Name or service not known|name resolution|NameResolutionError|getaddrinfo failed"
        r"|nodename nor servname|Network is unreachable|NewConnectionError|ConnectTimeout|Connection refused"
        r"|Connection reset|ReadTimeout|Read timed out|ProxyError|Tunnel connection failed",
        (
            "The package index cannot be reached: check the network (or the proxy that pip is configured "
            "with) and start again; what has been downloaded is kept."
        ),
    ),
    (
        r"No matching distribution found for (?P<what>[^\s;(]+)",
        (
            "There is no ready-made build of {what} for Python {python} on this machine ({machine}): the "
            "program runs on Linux x86-64, Windows x86-64 and macOS arm64."
        ),
    ),
    (
        r"ResolutionImpossible|conflicting dependencies",
        "The pinned packages contradict each other (see {log}).",
    ),
)


class SetUpError(Exception):
    """The set-up cannot go on; the message is the one sentence that the user reads."""


def main(arguments: List[str]) -> int:
    """Set up, then do what was asked; the exit code."""
    if not arguments or arguments[0] not in ("run", "test"):
        print("usage: bootstrap.py run|test [arguments]", file=sys.stderr)
        return 0 if arguments and arguments[0] in ("-h", "--help") else 2
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        if sys.version_info[:2] not in WANTED[:N_WITH_FACE_MODEL]:
            python = find_python()
            if python is not None:
                return call([python, os.path.abspath(__file__)] + arguments)
        task = arguments[0]
        set_up_system(task)
        set_up_venv(task)
        return run(arguments[1:]) if task == "run" else test(arguments[1:])
    except SetUpError as stop:
        say(str(stop), error=True)
    except KeyboardInterrupt:
        say("Stopped; the next start goes on where this one left off.", error=True)
        return 130
    except OSError as error:
        say(failure_sentence("%s" % error), error=True)
    return 1


# ---- tasks ------------------------------------------------------------------------------------------------
def run(arguments: List[str]) -> int:
    """Start the demo: in a window where there is a display, else without one."""
    command = [venv_python(), "-m", "ifllm_desktop", "demo"]
    if not has_display() and "--headless" not in arguments:
        say("There is no display here, so the demo runs without a window.")
        command += ["--headless"]
        if not any(a == "--seed" or a.startswith("--seed=") for a in arguments):
            command += ["--seed", "1"]
    return call(command + arguments)


def test(arguments: List[str]) -> int:
    """Run the tests; a run without a single test is a failure (pytest says 5).

    All of them are shared out among the processors, a file to one: fixtures that record a whole study are made once.
    """
    n_workers = min(MOST_TEST_WORKERS, os.cpu_count() or 1)
    share = ["-n", str(n_workers), "--dist", "loadfile"] if n_workers > 1 and not arguments else []
    code = call([venv_python(), "-m", "pytest"] + share + arguments, cwd=CHECKOUT)
    if code == 5:
        say("No test ran.", error=True)
    return code


def has_display() -> bool:
    """Whether a window can be opened."""
    if sys.platform.startswith("linux"):
        return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
    return not (sys.platform == "darwin" and os.environ.get("SSH_CONNECTION"))


# ---- Python -----------------------------------------------------------------------------------------------
def find_python() -> Optional[str]:
    """A better Python of this machine than this one, or one that uv fetches; None when this one will do."""
    found = first_usable(python_candidates(WANTED[:N_WITH_FACE_MODEL]))
    if found is None and sys.version_info[:2] in WANTED:
        return None
    if found is None:
        found = first_usable(python_candidates(WANTED))
    uv = shutil.which("uv") or shutil.which(os.path.expanduser(os.path.join("~", ".local", "bin", "uv")))
    if found is None and uv:
        say("Fetching Python 3.12 with uv.")
        if quiet([uv, "python", "install", "3.12"]) is not None:
            found = first_usable([(quiet([uv, "python", "find", "3.12"]) or "").strip()])
    if found is None:
        raise SetUpError(
            "This is Python %d.%d, and Python 3.11, 3.12 or 3.13 is needed: "
            "type  %s  and start again." % (sys.version_info[0], sys.version_info[1], python_command())
        )
    return found


def python_candidates(versions: Iterable[Tuple[int, int]]) -> Iterator[Optional[str]]:
    """Programs that may be a Python of these versions, the likeliest first."""
    for major, minor in versions:
        version = "%d.%d" % (major, minor)
        yield shutil.which("python" + version)
        if os.name == "nt":
            answer = quiet(["py", "-" + version, "-c", "import sys; print(sys.executable)"])
            yield answer and answer.strip()
            yield os.path.expandvars(
                r"%LOCALAPPDATA%\Programs\Python\Python" + version.replace(".", "") + r"\python.exe"
            )
        for folder in ("/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"):
            yield "%s/python%s" % (folder, version)
        yield "/Library/Frameworks/Python.framework/Versions/%s/bin/python3" % version
        for managed in managed_pythons(version):
            yield managed


def managed_pythons(version: str) -> List[str]:
    """Pythons of a version that pyenv or uv keep, the newest first."""
    pyenv = os.environ.get("PYENV_ROOT") or os.path.expanduser(os.path.join("~", ".pyenv"))
    uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or os.path.join(
        os.environ.get("XDG_DATA_HOME") or os.path.expanduser(os.path.join("~", ".local", "share")),
        "uv",
        "python",
    )
    if os.name == "nt":
        uv = os.environ.get("UV_PYTHON_INSTALL_DIR") or os.path.expandvars(r"%APPDATA%\uv\python")
    found = []
    for folder, prefix in (
        (os.path.join(pyenv, "versions"), ""),
        (os.path.join(pyenv, "pyenv-win", "versions"), ""),
        (uv, "cpython-"),
    ):
        names = os.listdir(folder) if os.path.isdir(folder) else []
        fitting = [n for n in names if re.match(re.escape(prefix + version) + r"(\.\d+)?($|-)", n)]
        fitting.sort(key=lambda n: [int(d) for d in re.findall(r"\d+", n)], reverse=True)
        for name in fitting:
            found.append(
                os.path.join(folder, name, *(["python.exe"] if os.name == "nt" else ["bin", "python3"]))
            )
    return found


def first_usable(candidates: Iterable[Optional[str]]) -> Optional[str]:
    """The first candidate that is a wanted, 64-bit Python; None if none is."""
    check = "import sys; print(sys.version_info[0], sys.version_info[1], sys.maxsize > 2**32)"
    for candidate in candidates:
        if not candidate or not os.path.exists(candidate):
            continue
        words = (quiet([candidate, "-c", check]) or "").split()
        if words in [["%d" % major, "%d" % minor, "True"] for major, minor in WANTED]:
            return candidate
    return None


def python_command() -> str:
    """The one command that brings a wanted Python to this machine."""
    if os.name == "nt":
        return "winget install Python.Python.3.12"
    if sys.platform == "darwin":
        return "brew install python@3.12"
    if shutil.which("apt-cache"):
        for major, minor in WANTED:
            name = "python%d.%d" % (major, minor)
            if "Version:" in (quiet(["apt-cache", "show", "--no-all-versions", name]) or ""):
                return "sudo apt-get install -y %s %s-venv" % (name, name)
        return "sudo apt-get install -y pipx && pipx install uv && ~/.local/bin/uv python install 3.12"
    return "pipx install uv && ~/.local/bin/uv python install 3.12"


# ---- system -----------------------------------------------------------------------------------------------
def set_up_system(task: str) -> None:
    """Bring the libraries, the font and the programs that no wheel carries, or say how to."""
    if not sys.platform.startswith("linux"):
        return
    packages = missing_packages(task)
    if not packages:
        return
    command = ["apt-get", "install", "-y", "--no-install-recommends"] + packages
    typed = "sudo apt-get update && sudo " + " ".join(command)
    if not shutil.which("apt-get"):
        say(
            "Missing on this machine (named as Debian does): %s. Install them if a window does not open."
            % " ".join(packages)
        )
    elif os.geteuid() != 0:
        say("Missing on this machine: type  %s  if a window does not open." % typed)
    else:
        say("Installing system packages: %s." % " ".join(packages))
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        quiet(["apt-get", "update"], environment)
        if quiet(command, environment) is None:
            say("The system packages could not be installed: type  %s  to see why. Going on without." % typed)


def missing_packages(task: str) -> List[str]:
    """Debian packages of what is not there."""
    packages = [package for name, package in OFFSCREEN_LIBRARIES + WINDOW_LIBRARIES if not loads(name)]
    if not has_font():
        packages.append(FONT_PACKAGE)
    if not has_module("ensurepip") and not os.path.exists(venv_python()):
        packages.append("python%d.%d-venv" % sys.version_info[:2])
    if task == "test":
        packages += [package for program, package in TEST_PROGRAMS if not shutil.which(program)]
    return packages


def loads(library: str) -> bool:
    """Whether the loader finds a shared library."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_module(name: str) -> bool:
    """Whether this Python can import a module (Debian ships ensurepip apart)."""
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def has_font() -> bool:
    """Whether any scalable font is installed."""
    for folder in FONT_FOLDERS:
        for _, _, files in os.walk(os.path.expanduser(folder)):
            if any(name.lower().endswith((".ttf", ".otf", ".ttc")) for name in files):
                return True
    return False


# ---- .venv ------------------------------------------------------------------------------------------------
def set_up_venv(task: str) -> None:
    """Make `.venv` hold the project and what it needs, unless the stamp says that it does."""
    extras = list(TEST_EXTRAS) if task == "test" else []
    stamp = read_stamp()
    key = stamp_key()
    python = venv_python()
    if stamp.get("key") == key and set(extras) <= set(stamp.get("extras", ())) and os.path.exists(python):
        return
    if stamp.get("key") == key:
        extras = sorted(set(extras) | set(stamp.get("extras", ())))
    if not venv_works(python):
        make_venv()
    if os.path.exists(STAMP):
        os.remove(STAMP)
    if not stamp and free_gb() < NEEDED_GB:
        raise SetUpError(
            "The disk has %.1f GB left and %d GB are needed: free some and start again."
            % (free_gb(), NEEDED_GB)
        )
    if stamp:
        say("Bringing .venv up to date.")
    else:
        say("Installing packages into .venv: about 1 GB to fetch the first time, some minutes.")
    install_torch(python)
    with open(PYPROJECT, "rb") as file:
        requirements = requirements_of(file.read().decode("utf-8"), extras)
    pip_install(python, requirements)
    pip_install(python, ["--no-deps", "--no-build-isolation", "--editable", CHECKOUT], wheels_only=False)
    with open(STAMP, "w") as file:
        json.dump({"key": key, "extras": sorted(extras)}, file)
    say("Ready.")


def free_gb() -> float:
    """Space that is left where `.venv` stands."""
    return shutil.disk_usage(VENV).free / 1e9


def stamp_key() -> str:
    """Hash of everything that decides what has to be in `.venv`."""
    digest = hashlib.sha256()
    for path in (PYPROJECT, CONSTRAINTS, os.path.abspath(__file__)):
        with open(path, "rb") as file:
            digest.update(file.read())
    # The place belongs to it: an editable install and the scripts in .venv name it.
    digest.update(("%s %s %s" % (sys.version_info[:2], platform.machine(), CHECKOUT)).encode("utf-8"))
    return digest.hexdigest()


def read_stamp() -> Dict[str, Any]:
    """What the last complete set-up noted; empty without one."""
    try:
        with open(STAMP) as file:
            stamp = json.load(file)
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def venv_python() -> str:
    """Path of the Python in `.venv`."""
    return os.path.join(VENV, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))


def venv_works(python: str) -> bool:
    """Whether `.venv` belongs to this folder, has pip, and is of the Python that runs now."""
    check = "import sys, pip; print(sys.prefix); print('%d.%d' % sys.version_info[:2])"
    answer = (quiet([python, "-c", check]) or "").splitlines() if os.path.exists(python) else []
    return (
        len(answer) == 2
        and os.path.realpath(answer[0]) == os.path.realpath(VENV)
        and answer[1] == "%d.%d" % (sys.version_info[:2])
    )


def make_venv() -> None:
    """A fresh `.venv` in place of one that no longer works; anything else of that name is left alone."""
    if os.path.isdir(VENV) and os.listdir(VENV) and not os.path.exists(os.path.join(VENV, "pyvenv.cfg")):
        raise SetUpError("%s exists and is not a virtual environment: move it away and start again." % VENV)
    say("Making .venv with Python %s." % platform.python_version())
    done = subprocess.run(
        # Not the Python of the .venv that is about to be cleared.
        [getattr(sys, "_base_executable", sys.executable), "-m", "venv", "--clear", VENV],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        env=clean_environment(),
    )
    if done.returncode == 0:
        return
    if not has_module("ensurepip"):
        name = "python%d.%d-venv" % sys.version_info[:2]
        raise SetUpError(
            "This Python cannot make virtual environments: type  sudo apt-get install -y %s  and start again."
            % name
        )
    raise SetUpError(failure_sentence(done.stdout))


def requirements_of(text: str, extras: Iterable[str]) -> List[str]:
    """Requirements of the project, of its build and of the extras, as pyproject.toml lists them."""
    import tomllib  # the Python that comes here is 3.11 or newer

    project = tomllib.loads(text)
    found = (
        list(project["build-system"]["requires"]) + ["editables"] + list(project["project"]["dependencies"])
    )
    for extra in extras:
        found += project["project"]["optional-dependencies"][extra]
    return found


# ---- packages ---------------------------------------------------------------------------------------------
def install_torch(python: str) -> None:
    """PyTorch, as a build for the CPU where there is no GPU and such a build can be had."""
    pinned = pinned_version("torch")
    if installed_version(python, "torch").split("+")[0] == pinned:
        return
    wanted = "torch==" + pinned
    index = os.environ.get("IFLLM_TORCH_INDEX")
    if index:
        pip_install(python, ["--index-url", index, wanted])
        return
    if not sys.platform.startswith("linux") or has_gpu() or not brings_cuda(python, wanted):
        pip_install(python, [wanted])
        return
    if install_cpu_torch_with_uv(python, wanted):
        return
    advice = "name an index that has the CPU build in IFLLM_TORCH_INDEX to avoid that"
    if free_gb() < NEEDED_CUDA_GB:
        raise SetUpError(
            "Only the CUDA build of PyTorch can be had here; it needs %d GB of disk and %.1f are left: %s."
            % (NEEDED_CUDA_GB, free_gb(), advice)
        )
    say(
        "Only the CUDA build of PyTorch can be had from here, about 3 GB; it works without a GPU (%s)."
        % advice
    )
    pip_install(python, [wanted])


def has_gpu() -> bool:
    """Whether an NVIDIA GPU with a driver is here."""
    return os.path.exists("/proc/driver/nvidia/version") or bool(
        shutil.which("nvidia-smi") and quiet(["nvidia-smi", "-L"])
    )


def brings_cuda(python: str, wanted: str) -> bool:
    """Whether pip would bring NVIDIA's libraries along with PyTorch: it is asked to plan, not to install."""
    folder = tempfile.mkdtemp(prefix="ifllm-plan-")
    report = os.path.join(folder, "report.json")
    try:
        pip_install(python, ["--dry-run", "--report", report, wanted])
        with open(report, encoding="utf-8") as file:
            plan = json.load(file)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return any(item["metadata"]["name"].lower().startswith("nvidia-") for item in plan["install"])


def install_cpu_torch_with_uv(python: str, wanted: str) -> bool:
    """Let uv, which knows where PyTorch keeps its CPU builds, install one; whether that worked."""
    pip_install(python, ["uv"])
    say("pip would bring a CUDA build of PyTorch; asking uv for the CPU build.")
    command = [python, "-m", "uv", "pip", "install", "--python", python, "--torch-backend", "cpu"]
    command += ["--only-binary", ":all:", "--constraint", CONSTRAINTS, wanted]
    # A place that cannot be reached has to say so in seconds, not after minutes of trying.
    environment = dict(clean_environment(), UV_HTTP_RETRIES="0", UV_HTTP_CONNECT_TIMEOUT="10")
    return logged(command, environment)[0] == 0


def pinned_version(name: str) -> str:
    """Version that the constraints pin for a package (the first, where others are pinned for other Pythons)."""
    with open(CONSTRAINTS, encoding="utf-8") as file:
        match = re.search(r"^%s==([^\s;]+)" % re.escape(name), file.read(), re.MULTILINE | re.IGNORECASE)
    if match is None:
        raise SetUpError(
            "packaging/constraints.txt does not pin %s: restore the file and start again." % name
        )
    return match.group(1)


def installed_version(python: str, name: str) -> str:
    """Version of a package in `.venv`; empty without it."""
    code = "from importlib.metadata import version; print(version('%s'))" % name
    return (quiet([python, "-c", code]) or "").strip()


def pip_install(python: str, arguments: List[str], wheels_only: bool = True) -> None:
    """Install with pip under the constraints; raises SetUpError with a sentence when it cannot."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--retries", "1"]
    command += ["--constraint", CONSTRAINTS]
    if wheels_only:
        command += ["--only-binary", ":all:"]
    code, output = logged(command + arguments, clean_environment())
    if code != 0:
        raise SetUpError(failure_sentence(output))


def clean_environment() -> Dict[str, str]:
    """The environment without what would lead a Python in `.venv` elsewhere."""
    dropped = ("PYTHONPATH", "PYTHONHOME", "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "__PYVENV_LAUNCHER__")
    return {name: value for name, value in os.environ.items() if name not in dropped}


def logged(command: List[str], environment: Dict[str, str]) -> Tuple[int, str]:
    """Run a command with its output in the log and, on a terminal, its latest line on the screen."""
    lines = []
    width = shutil.get_terminal_size().columns - 1
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=environment,
        universal_newlines=True,
        errors="replace",
    )
    with open(LOG, "a", encoding="utf-8") as log:
        log.write("$ %s\n" % " ".join(command))
        for line in process.stdout or ():
            log.write(line)
            lines.append(line)
            if sys.stdout.isatty():
                print("\r" + line.strip()[:width].ljust(width), end="", flush=True)
    if sys.stdout.isatty():
        print("\r" + " " * width + "\r", end="", flush=True)
    return process.wait(), "".join(lines[-200:])


def failure_sentence(output: str) -> str:
    """One sentence for what a command said when it failed."""
    for pattern, sentence in FAILURES:
        match = re.search(pattern, output)
        if match:
            return sentence.format(
                what=match.groupdict().get("what"),
                gb=NEEDED_GB,
                checkout=CHECKOUT,
                log=os.path.join(".venv", "bootstrap.log"),
                python="%d.%d" % sys.version_info[:2],
                machine="%s %s" % (platform.system(), platform.machine()),
            )
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line for line in lines if line.lower().startswith("error")]
    last = (errors or lines or ["no word of why"])[-1]
    return "The set-up failed: %s (all of it is in %s)." % (
        last.rstrip("."),
        os.path.join(".venv", "bootstrap.log"),
    )


# ---- processes --------------------------------------------------------------------------------------------
def call(command: List[str], cwd: Optional[str] = None) -> int:
    """Run a command that owns the terminal; its exit code."""
    process = subprocess.Popen(command, cwd=cwd, env=clean_environment())
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            continue  # the child got it too and stops cleanly; its exit code is ours


def quiet(command: List[str], environment: Optional[Dict[str, str]] = None) -> Optional[str]:
    """Output of a command; None when it is missing or fails."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment or clean_environment(),
            universal_newlines=True,
        )
    except OSError:
        return None
    return done.stdout if done.returncode == 0 else None


def say(sentence: str, error: bool = False) -> None:
    """Tell the user one thing. The demo's own output belongs to stdout, so this goes beside it."""
    print(("bootstrap: " if error else "") + sentence, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

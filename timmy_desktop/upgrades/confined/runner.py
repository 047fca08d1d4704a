"""Runs inside the sandbox, by the target's own Python: copies the tree, sets the limits, runs the tests.

A file that stands alone, in the standard library of an old Python (3.8). First it is `prepare`d as whoever
started the sandbox, then it runs anew, with the rights of nobody, to `test`. What it finds it writes as lines
of JSON to a descriptor; the exit status repeats it.
"""

import json
import os
import sys

BROKEN = 97  # the sandbox could not be made ready
NO_RUNNER = 96  # there is nothing that could run tests
MOST_DETAIL = 2000
MOST_LINES = 60000


def main():
    stage, orders = sys.argv[1], json.loads(sys.argv[2])
    if stage == "prepare":
        try:
            prepare(orders)
        except Exception as error:  # noqa: BLE001 - told by the exit status, whatever it is
            sys.stderr.write("The sandbox could not be made ready: %s\n" % error)
            sys.exit(BROKEN)
    sys.exit(test(orders))


def prepare(orders):
    import shutil

    os.umask(0o077)
    watch(orders["lifeline"], orders["alone"])
    into = orders["into"]
    for name in sorted(os.listdir(orders["tree"])):
        source, target = os.path.join(orders["tree"], name), os.path.join(into, name)
        if os.path.lexists(target):  # what is mounted there: the environment
            continue
        if os.path.isdir(source) and not os.path.islink(source):
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target, follow_symlinks=False)
    os.makedirs(orders["home"], exist_ok=True)
    if orders["uid"]:
        give_away(into, orders)
        give_away(orders["home"], orders)
        os.chmod("/tmp", 0o1777)
    limit(orders["limits"])
    if orders["uid"]:
        os.setgroups([])
        os.setgid(orders["uid"])
        os.setuid(orders["uid"])
    os.chdir(into)
    words = [orders["python"], "-B", __file__, "test", json.dumps(orders)]
    os.execv(orders["python"], words)


def watch(lifeline, alone):
    """A process that ends all the others when the one that started the sandbox is gone, however early."""
    if os.fork():
        os.set_inheritable(lifeline, False)
        return
    for descriptor in range(3):
        os.close(descriptor)
    os.read(lifeline, 1)  # nothing is ever written: it ends with the other end
    own = os.getpid()
    if not alone:
        os.killpg(os.getpgid(own), 9)
    with open("/proc/1/cmdline", "rb") as file:
        if b"bwrap" in file.read():
            for name in os.listdir("/proc"):
                if name.isdigit() and int(name) not in (1, own):
                    os.kill(int(name), 9)
    os._exit(0)


def give_away(top, orders):
    mounted = set(orders["mounted"])
    os.chown(top, orders["uid"], orders["uid"])
    for folder, folders, files in os.walk(top):
        folders[:] = [name for name in folders if os.path.join(folder, name) not in mounted]
        for name in folders + files:
            os.chown(os.path.join(folder, name), orders["uid"], orders["uid"], follow_symlinks=False)


def limit(limits):
    import resource

    for name, value in sorted(limits.items()):
        kind = getattr(resource, "RLIMIT_" + name, None)
        if kind is None:
            continue
        _, most = resource.getrlimit(kind)
        value = value if most == resource.RLIM_INFINITY else min(value, most)
        try:
            resource.setrlimit(kind, (value, value))
        except (ValueError, OSError):
            if name != "AS":  # a Mac refuses this one
                raise


def test(orders):
    report = Report(orders["report"])
    sys.path.insert(0, os.getcwd())
    if os.path.isdir("src"):
        sys.path.insert(0, os.path.abspath("src"))
    os.environ["PYTHONPATH"] = os.pathsep.join(sys.path[: 2 if os.path.isdir("src") else 1])
    trace = Trace(orders["trace"])
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [folder for folder in sys.path if folder != here]
    try:
        import pytest
    except ImportError:
        status = run_unittest(orders, report, trace)
    else:
        status = run_pytest(pytest, orders, report, trace)
    report.write({"cover": trace.found()})
    report.write({"end": status})
    sys.stdout.flush()
    sys.stderr.flush()
    # At once: what the tests left running must not change the status.
    os._exit(status)


class Report:
    def __init__(self, descriptor):
        self.descriptor = descriptor
        self.left = MOST_LINES

    def write(self, value):
        self.left -= 1
        if self.left >= 0 or "end" in value:
            os.write(self.descriptor, (json.dumps(value) + "\n").encode())

    def case(self, name, outcome, detail="", seconds=0.0):
        detail = detail[-MOST_DETAIL:]
        self.write({"test": name[:500], "outcome": outcome, "detail": detail, "ms": int(seconds * 1000)})


def run_pytest(pytest, orders, report, trace):
    class Plugin:
        def pytest_collectreport(self, report):
            if report.failed:
                self.tell(report.nodeid or "collection", "error", report)

        def pytest_collection_finish(self, session):
            for item in session.items:
                self.out.write({"collected": item.nodeid[:500]})

        def pytest_runtest_logreport(self, report):
            outcome = outcome_of(report)
            if outcome:
                self.tell(report.nodeid, outcome, report)

        def tell(self, name, outcome, report):
            reason = getattr(report, "wasxfail", "") or report.longrepr
            if isinstance(reason, tuple):
                reason = reason[-1]
            self.out.case(name, outcome, str(reason or ""), getattr(report, "duration", 0.0))

    plugin = Plugin()
    plugin.out = report
    arguments = ["-q", "--tb=short", "--color=no"] + orders["only"]
    trace.start()
    report.write({"runner": "pytest " + pytest.__version__})
    try:
        return int(pytest.main(arguments, plugins=[plugin]))
    finally:
        trace.stop()


def outcome_of(report):
    """What a phase of a test says of it; nothing for phases that went as they should."""
    is_expected = hasattr(report, "wasxfail")
    if report.skipped:
        return "xfailed" if is_expected else "skipped"
    if report.when == "call":
        if report.passed:
            return "xpassed" if is_expected else "passed"
        return "failed"
    return "error" if report.failed else ""


def run_unittest(orders, report, trace):
    import unittest

    class Result(unittest.TextTestResult):
        def addSuccess(self, test):  # noqa: N802 - the library's
            super().addSuccess(test)
            report.case(test.id(), "passed")

        def addFailure(self, test, err):  # noqa: N802
            super().addFailure(test, err)
            report.case(test.id(), "failed", self.failures[-1][1])

        def addError(self, test, err):  # noqa: N802
            super().addError(test, err)
            report.case(test.id(), "error", self.errors[-1][1])

        def addSkip(self, test, reason):  # noqa: N802
            super().addSkip(test, reason)
            report.case(test.id(), "skipped", reason)

        def addExpectedFailure(self, test, err):  # noqa: N802
            super().addExpectedFailure(test, err)
            report.case(test.id(), "xfailed")

        def addUnexpectedSuccess(self, test):  # noqa: N802
            super().addUnexpectedSuccess(test)
            report.case(test.id(), "xpassed")

    report.write({"runner": "unittest"})
    trace.start()
    try:
        loader, suite = unittest.TestLoader(), unittest.TestSuite()
        if orders["only"]:
            for path in orders["only"]:
                folder, name = os.path.split(path)
                suite.addTests(loader.discover(folder or ".", pattern=name, top_level_dir="."))
        else:
            for folder in ["tests", "test", "."]:
                if os.path.isdir(folder):
                    suite.addTests(loader.discover(folder, top_level_dir="."))
                    break
        count = suite.countTestCases()
        result = unittest.TextTestRunner(resultclass=Result, stream=sys.stdout).run(suite)
    finally:
        trace.stop()
    if not count:
        return 5
    return 0 if result.wasSuccessful() else 1


class Trace:
    """Which lines of some files ran, without a library: only these files are slowed down."""

    def __init__(self, paths):
        self.files = {os.path.realpath(path): path for path in paths if path.endswith(".py")}
        self.ran = {path: set() for path in self.files.values()}
        self.known = {}

    def start(self):
        if not self.files:
            return
        if hasattr(sys, "monitoring"):
            self.monitor()
        else:
            import threading

            threading.settrace(self.call)
            sys.settrace(self.call)

    def stop(self):
        if self.files and not hasattr(sys, "monitoring"):
            sys.settrace(None)

    def path_of(self, name):
        path = self.known.get(name)
        if path is None:
            path = self.known[name] = self.files.get(os.path.realpath(name), "")
        return path

    def call(self, frame, event, argument):
        path = self.path_of(frame.f_code.co_filename)
        if not path:
            return None
        lines = self.ran[path]
        lines.add(frame.f_lineno)

        def line(frame, event, argument):
            lines.add(frame.f_lineno)
            return line

        return line

    def monitor(self):
        tool, events = sys.monitoring.COVERAGE_ID, sys.monitoring.events

        def line(code, number):
            path = self.path_of(code.co_filename)
            if path:
                self.ran[path].add(number)
            return sys.monitoring.DISABLE

        try:
            sys.monitoring.use_tool_id(tool, "timmy")
        except ValueError:  # somebody measures already
            return
        sys.monitoring.register_callback(tool, events.LINE, line)
        sys.monitoring.set_events(tool, events.LINE)

    def found(self):
        return {path: {"ran": sorted(ran), "code": code_lines(path)} for path, ran in self.ran.items()}


def code_lines(path):
    """The lines of a file that hold code, as the compiler sees them."""
    try:
        with open(path, "rb") as file:
            waiting = [compile(file.read(), path, "exec", dont_inherit=True)]
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    lines = set()
    while waiting:
        code = waiting.pop()
        waiting += [constant for constant in code.co_consts if hasattr(constant, "co_code")]
        if hasattr(code, "co_lines"):
            lines.update(line for _, _, line in code.co_lines() if line)
        else:
            import dis

            lines.update(line for _, line in dis.findlinestarts(code) if line)
    return sorted(lines)


if __name__ == "__main__":
    main()

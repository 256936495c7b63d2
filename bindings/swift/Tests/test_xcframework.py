"""scripts/xcframework finds what is wrong with a layout; what makes one runs on a Mac alone."""

import importlib.machinery
import importlib.util
import pathlib
import plistlib
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "scripts/xcframework"
sys.dont_write_bytecode = True
LOADER = importlib.machinery.SourceFileLoader("xcframework", str(SCRIPT))
XCFRAMEWORK = importlib.util.module_from_spec(importlib.util.spec_from_loader("xcframework", LOADER))
LOADER.exec_module(XCFRAMEWORK)


def sample(folder):
    """As xcodebuild lays it out."""
    libraries = []
    for (platform, variant), architectures in XCFRAMEWORK.SLICES.items():
        identifier = "-".join(filter(None, [platform, "_".join(architectures), variant]))
        headers = folder / identifier / "Headers/EvergrantFFI"
        headers.mkdir(parents=True)
        (headers / "EvergrantFFI.h").write_text("")
        (headers / "module.modulemap").write_text('module EvergrantFFI {\n    header "EvergrantFFI.h"\n    export *\n}\n')
        magic = b"!<arch>\n" if len(architectures) == 1 else b"\xca\xfe\xba\xbe\0\0\0\2"
        (folder / identifier / "libevergrant_bindings.a").write_bytes(magic)
        entry = {
            "LibraryIdentifier": identifier,
            "LibraryPath": "libevergrant_bindings.a",
            "HeadersPath": "Headers",
            "SupportedArchitectures": list(architectures),
            "SupportedPlatform": platform,
        }
        libraries.append(entry | ({"SupportedPlatformVariant": variant} if variant else {}))
    info = {"AvailableLibraries": libraries, "CFBundlePackageType": "XFWK", "XCFrameworkFormatVersion": "1.0"}
    (folder / "Info.plist").write_bytes(plistlib.dumps(info))
    return info


class Layout(unittest.TestCase):
    def faults(self, spoil=lambda folder, info: None):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            info = sample(folder)
            spoil(folder, info)
            return list(XCFRAMEWORK.faults_of(folder))

    def test_a_good_one(self):
        self.assertEqual(self.faults(), [])

    def test_what_is_wrong_is_found(self):
        def rewritten(change):
            def spoil(folder, info):
                change(info)
                (folder / "Info.plist").write_bytes(plistlib.dumps(info))

            return spoil

        device = "ios-arm64"
        wrong = {
            "Info.plist: FileNotFoundError": lambda folder, _: (folder / "Info.plist").unlink(),
            "Info.plist: InvalidFileException": lambda folder, _: (folder / "Info.plist").write_bytes(b"no"),
            "CFBundlePackageType is not XFWK": rewritten(lambda info: info.pop("CFBundlePackageType")),
            "no XCFrameworkFormatVersion": rewritten(lambda info: info.pop("XCFrameworkFormatVersion")),
            "ios-simulator: not there": rewritten(lambda info: info["AvailableLibraries"].pop(1)),
            "macos: without x86_64": rewritten(
                lambda info: info["AvailableLibraries"][2]["SupportedArchitectures"].remove("x86_64")
            ),
            "ios: no library": lambda folder, _: (folder / device / "libevergrant_bindings.a").unlink(),
            "ios: the library is no static one": lambda folder, _: (
                folder / device / "libevergrant_bindings.a"
            ).write_bytes(b"\x7fELF"),
            "ios: no EvergrantFFI/module.modulemap": lambda folder, _: (
                folder / device / "Headers/EvergrantFFI/module.modulemap"
            ).unlink(),
            "ios: no EvergrantFFI.h": lambda folder, _: (folder / device / "Headers/EvergrantFFI/EvergrantFFI.h").unlink(),
            "ios: the module is not EvergrantFFI": lambda folder, _: (
                folder / device / "Headers/EvergrantFFI/module.modulemap"
            ).write_text('module Other { header "EvergrantFFI.h" }'),
            "ios: a module map at the top, where another framework's would be": lambda folder, _: (
                folder / device / "Headers/module.modulemap"
            ).write_text(""),
        }
        for fault, spoil in wrong.items():
            with self.subTest(fault):
                self.assertEqual(self.faults(spoil), [fault])


if __name__ == "__main__":
    unittest.main()

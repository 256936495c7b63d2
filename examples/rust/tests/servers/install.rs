//! Installs the servers' packages as pinned, the first time they are needed.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Mutex, PoisonError},
};

use rustix::fs::{FlockOperation, flock};

/// `node`, in the directory of this server.
pub(crate) fn node(server: &str) -> Command {
    let directory = here().join(server);
    one_at_a_time(|| {
        // npm writes this file last: a cut-off installation is made again.
        if !directory.join("node_modules/.package-lock.json").exists() {
            let npm = ["ci", "--no-audit", "--no-fund", "--ignore-scripts"];
            run(Command::new("npm").args(npm).current_dir(&directory));
        }
    });
    let mut node = Command::new("node");
    node.arg("server.js").current_dir(directory);
    node
}

/// Python, in the project's own environment.
pub(crate) fn python(script: &str) -> Command {
    let environment = root().join(".venv");
    let python = environment.join("bin/python");
    let directory = here().join("python");
    one_at_a_time(|| {
        let wanted = fs::read(directory.join("requirements.txt")).expect("a list");
        // Written last, with what was installed.
        let installed = environment.join("servers-of-the-tests.txt");
        if fs::read(&installed).is_ok_and(|installed| installed == wanted) {
            return;
        }
        if !python.exists() {
            run(Command::new("python3").args(["-m", "venv"]).arg(&environment));
        }
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "-r"];
        run(Command::new(&python).args(pip).arg("requirements.txt").current_dir(&directory));
        fs::write(installed, wanted).expect("a note of it");
    });
    let mut command = Command::new(python);
    // No byte code beside the scripts.
    command.args(["-B", script]).current_dir(directory);
    command
}

/// Neither another test nor another run of the tests installs meanwhile.
fn one_at_a_time(install: impl FnOnce()) {
    static INSTALLING: Mutex<()> = Mutex::new(());
    let _guard = INSTALLING.lock().unwrap_or_else(PoisonError::into_inner);
    let cache = root().join(".cache");
    fs::create_dir_all(&cache).expect("a directory");
    let lock = File::create(cache.join("servers.lock")).expect("a file");
    // Given back when the file is closed.
    flock(&lock, FlockOperation::LockExclusive).expect("a lock");
    install();
}

fn run(command: &mut Command) {
    let done = command.stdin(Stdio::null()).output();
    let done = done.unwrap_or_else(|error| panic!("{command:?} must be installed: {error}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{command:?} failed:\n{said}");
}

fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers")
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

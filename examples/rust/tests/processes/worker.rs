//! A worker process as its test sees it.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    os::unix::process::ExitStatusExt as _,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::Duration,
};

/// Nothing here takes so long; a test that hangs must end all the same.
pub(crate) const GUARD: Duration = Duration::from_secs(60);

/// What a worker says in the end.
pub(crate) const SERVED: &str = "served 200";
pub(crate) const LOST: &str = "verdict reauthenticate_lost_reply";

/// How far a process got with the refresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    /// Its intent is in the store.
    pub(crate) claimed: bool,
    /// Its request was answered.
    pub(crate) sent: bool,
    /// What came of it is in the store.
    pub(crate) saved: bool,
}

/// Ended by its pid when it is dropped, also when a test panics.
pub(crate) struct Worker {
    child: Child,
    lines: Receiver<String>,
    /// What it has said so far.
    pub(crate) log: Vec<String>,
}

impl Progress {
    /// What the server answered is known to nobody.
    pub(crate) fn in_vain(self) -> bool {
        self.sent && !self.saved
    }
}

impl Worker {
    pub(crate) fn start(command: &mut Command) -> Self {
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().expect("a process");
        let out = BufReader::new(child.stdout.take().expect("a pipe"));
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut worker = Self { child, lines, log: Vec::new() };
        assert!(worker.hear("ready"), "it never began: {:?}", worker.log);
        worker
    }

    /// Tells it something, if it still lives.
    pub(crate) fn tell(&mut self, command: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        let _ = writeln!(input, "{command}");
    }

    /// Reads on until a line begins so; false if the process ended first.
    pub(crate) fn hear(&mut self, beginning: &str) -> bool {
        self.line(|line| line.starts_with(beginning)).is_some()
    }

    /// What it was served, or the verdict; nothing if it died first.
    pub(crate) fn answer(&mut self) -> Option<String> {
        self.line(|line| line.starts_with("served ") || line.starts_with("verdict "))
    }

    pub(crate) fn want(&mut self) -> Option<String> {
        self.tell("want");
        self.answer()
    }

    fn line(&mut self, wanted: impl Fn(&str) -> bool) -> Option<String> {
        loop {
            let line = match self.lines.recv_timeout(GUARD) {
                Ok(line) => line,
                Err(mpsc::RecvTimeoutError::Disconnected) => return None,
                Err(mpsc::RecvTimeoutError::Timeout) => panic!("it hangs: {:?}", self.log),
            };
            self.log.push(line.clone());
            if wanted(&line) {
                return Some(line);
            }
        }
    }

    /// How often it has said this.
    pub(crate) fn count(&self, said: &str) -> usize {
        self.log.iter().filter(|line| *line == said).count()
    }

    /// What it had done by then, by its own words.
    pub(crate) fn progress(&self) -> Progress {
        let mut done = Progress::default();
        for line in &self.log {
            match line.as_str() {
                "did write" if done.sent => done.saved = true,
                "did write" => done.claimed = true,
                "did send" => done.sent = true,
                _ => {}
            }
        }
        done
    }

    /// `kill -9`, from outside.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a living process");
        self.must_be_killed();
    }

    pub(crate) fn must_be_killed(&mut self) {
        let status = self.child.wait().expect("an end");
        assert_eq!(status.signal(), Some(9), "{status}: {:?}", self.log);
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Of a process that has ended already, both say so, and that is all.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

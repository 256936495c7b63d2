//! What is on the wire between a host and its authority.

use std::{
    io::{self, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use evergrant_authority::Authority;

/// Stands between a host and the authority, and keeps what the host says.
pub(crate) struct Tap {
    pub(crate) url: String,
    /// What was said on each connection.
    said: Arc<Mutex<Vec<Vec<u8>>>>,
    /// How many bytes of answers went by.
    pub(crate) answered: Arc<AtomicUsize>,
}

impl Tap {
    pub(crate) fn before(authority: &Authority) -> Self {
        let server = authority.base_url().trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let tap = Self { url, said: Arc::default(), answered: Arc::default() };
        let (said, answered) = (Arc::clone(&tap.said), Arc::clone(&tap.answered));
        // Ends with the process of the test.
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = TcpStream::connect(&server) else { continue };
                let (said, answered) = (Arc::clone(&said), Arc::clone(&answered));
                thread::spawn(move || pass_on(&client, &server, &said, &answered));
            }
        });
        tap
    }

    /// The requests so far: the request line, and the whole.
    pub(crate) fn requests(&self) -> Vec<(String, String)> {
        let said = self.said.lock().expect("no panic");
        let texts = said.iter().map(|bytes| String::from_utf8_lossy(bytes).into_owned());
        let lines = texts.map(|text| (text.lines().next().unwrap_or_default().to_owned(), text));
        lines.filter(|(line, _)| !line.is_empty()).collect()
    }

    pub(crate) fn count(&self, what: &str) -> usize {
        self.requests().iter().filter(|(_, text)| text.contains(what)).count()
    }
}

fn pass_on(
    client: &TcpStream,
    server: &TcpStream,
    said: &Mutex<Vec<Vec<u8>>>,
    answered: &AtomicUsize,
) {
    let place = {
        let mut said = said.lock().expect("no panic");
        said.push(Vec::new());
        said.len() - 1
    };
    thread::scope(|scope| {
        scope.spawn(|| {
            let count = |bytes: &[u8]| {
                answered.fetch_add(bytes.len(), Ordering::SeqCst);
            };
            // An end without an answer is passed on as well.
            let _ = copy(server, client, count);
            let _ = client.shutdown(Shutdown::Both);
            let _ = server.shutdown(Shutdown::Both);
        });
        let _ = copy(client, server, |bytes| said.lock().expect("no panic")[place].extend(bytes));
        let _ = server.shutdown(Shutdown::Both);
    });
}

fn copy(mut from: &TcpStream, mut to: &TcpStream, seen: impl Fn(&[u8])) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let length = from.read(&mut buffer)?;
        if length == 0 {
            return Ok(());
        }
        seen(&buffer[..length]);
        to.write_all(&buffer[..length])?;
    }
}

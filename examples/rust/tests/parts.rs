//! The parts around the loop, each by itself: what the HTTP client says of
//! every way to fail, who the listener lets in, and what the store holds.

mod support;

use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    process::Command,
    thread::{self, JoinHandle},
    time::Duration,
};

use evergrant::{
    AuthorizationId, HttpFault, HttpRequest, HttpResponse, Method, Revision, SecretBytes, StoreKey,
    Write,
};
use evergrant_example_host::{Http, RedirectListener, SqliteStore, Store as _, World};

const LIMIT: u32 = 100;

/// A server for one connection, which says this and hangs up.
fn server(says: Vec<u8>) -> (String, JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/token", listener.local_addr().expect("an address"));
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut heard = [0; 1024];
        let length = stream.read(&mut heard).expect("a request");
        stream.write_all(&says).expect("a listener");
        String::from_utf8_lossy(&heard[..length]).into_owned()
    });
    (url, thread)
}

fn send_by(url: &str, within: u64, listen_for: u64) -> Result<HttpResponse, HttpFault> {
    let world = World::new();
    let request = HttpRequest {
        method: Method::Post,
        url: url.to_owned(),
        headers: vec![("content-type", "text/plain".into()), ("x-test", "1".into())],
        body: SecretBytes::new(*b"hello"),
    };
    let at = world.ticks() + within;
    Http::new().send(&world, &request, at, listen_for, LIMIT)
}

fn send(url: &str) -> Result<HttpResponse, HttpFault> {
    send_by(url, 5_000, 5_000)
}

#[test]
fn an_answer_is_passed_on_whatever_its_status() {
    for status in ["200 OK", "302 Found", "401 Unauthorized", "503 Unavailable"] {
        let head = format!("HTTP/1.1 {status}\r\nlocation: http://127.0.0.1:1/\r\n");
        let (url, server) = server(format!("{head}content-length: 2\r\n\r\nhi").into_bytes());
        let answer = send(&url).expect("an answer");
        assert!(status.starts_with(&answer.status.to_string()));
        assert_eq!(answer.body.expose(), b"hi");
        assert!(answer.headers.contains(&("location".into(), "http://127.0.0.1:1/".into())));
        let heard = server.join().expect("a request").to_lowercase();
        assert!(heard.starts_with("post /token http/1.1\r\n"), "{heard}");
        assert!(heard.contains("\r\nx-test: 1\r\n") && heard.contains("content-length: 5"));
    }
}

#[test]
fn a_long_answer_is_cut_one_byte_over_the_limit() {
    let mut says = b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n".to_vec();
    says.extend([b'x'; 5000]);
    let (url, _server) = server(says);
    assert_eq!(send(&url).expect("an answer").body.len(), LIMIT as usize + 1);
}

#[test]
fn what_never_left_is_said_not_to_have_been_sent() {
    let closed = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    let closed = format!("http://{}/", closed.expect("an address"));
    for url in [&closed, "nonsense", "ftp://127.0.0.1/"] {
        assert_eq!(send(url), Err(HttpFault::NotSent), "{url}");
    }
    // A server that takes the connection and knows no TLS.
    let (url, _server) = server(b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec());
    assert_eq!(send(&url.replace("http:", "https:")), Err(HttpFault::NotSent));
}

#[test]
fn what_would_leave_too_late_does_not_leave() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.set_nonblocking(true).expect("a socket");
    let url = format!("http://{}/", listener.local_addr().expect("an address"));
    let mut world = World::new();
    let deadline = world.ticks() + 1_000;
    world.advance(Duration::from_secs(2));
    let request =
        HttpRequest { method: Method::Get, url, headers: vec![], body: SecretBytes::new([]) };
    let sent = Http::new().send(&world, &request, deadline, 1_000, LIMIT);
    assert_eq!(sent, Err(HttpFault::TooLate));
    assert!(listener.accept().is_err(), "not even a connection was made");
}

#[test]
fn what_may_have_arrived_is_unknown() {
    let says: [&[u8]; 4] = [
        b"",
        b"HTTP/1.1 200 OK\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\ncut",
        b"garbage\r\n\r\n",
    ];
    for answer in says {
        let (url, _server) = server(answer.to_vec());
        assert_eq!(send(&url), Err(HttpFault::Unknown), "{}", String::from_utf8_lossy(answer));
    }
    // A server that listens and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}/", silent.local_addr().expect("an address"));
    assert_eq!(send_by(&url, 60_000, 400), Err(HttpFault::Unknown));
}

#[test]
fn the_listener_takes_the_redirect_and_nothing_else() {
    let listener = RedirectListener::bind().expect("a port");
    let redirect_uri = listener.redirect_uri().expect("an address");
    let address = redirect_uri["http://".len()..].split('/').next().expect("an address").to_owned();
    let callers = thread::spawn(move || {
        let say = |text: &str| {
            let mut stream = TcpStream::connect(&address).expect("a listener");
            stream.write_all(text.as_bytes()).expect("a listener");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("an answer");
            answer
        };
        // Keeps its connection open and says nothing.
        let silent = TcpStream::connect(&address).expect("a listener");
        let refused = [
            "GET /favicon.ico HTTP/1.1\r\nhost: x\r\n\r\n",
            "GET /callbackx?code=1 HTTP/1.1\r\n\r\n",
            "POST /callback?code=1 HTTP/1.1\r\n\r\n",
            "GET /callback?code=1 FTP/1.1\r\n\r\n",
            "\r\n\r\n",
        ];
        for text in refused {
            assert!(say(text).starts_with("HTTP/1.1 404 "), "{text}");
        }
        drop(silent);
        say("GET /callback?state=s&code=c HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: */*\r\n\r\n")
    });
    let url = listener.accept(Duration::from_secs(20)).expect("a redirect");
    assert_eq!(url.expose(), "/callback?state=s&code=c");
    let page = callers.join().expect("callers");
    assert!(page.starts_with("HTTP/1.1 200 OK\r\n") && page.ends_with("close this tab."), "{page}");
    assert!(!page.contains("code=c"));

    let nobody = listener.accept(Duration::from_millis(50));
    assert_eq!(nobody.expect_err("nobody").kind(), std::io::ErrorKind::TimedOut);
}

#[test]
fn a_swap_happens_at_the_expected_revision_only() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("records.sqlite");
    let mut store = SqliteStore::open(&path).expect("a store");
    let mut other = SqliteStore::open(&path).expect("a store");
    let key = StoreKey::pending(&AuthorizationId::new("one"));
    let write = |text: &str| Write { bytes: SecretBytes::new(text), due_at: None, purge_at: None };
    let text = |bytes: &SecretBytes| String::from_utf8_lossy(bytes.expose()).into_owned();

    assert_eq!(store.swap(&key, None, None).expect("an answer"), None);
    let wrong = Revision::new("7");
    assert_eq!(store.swap(&key, Some(&wrong), Some(&write("a"))).expect("an answer"), None);
    let first = store.swap(&key, None, Some(&write("a"))).expect("an answer").expect("a record");
    assert_eq!(text(&first.bytes), "a");
    // Whoever comes too late is told what is there.
    let late = other.swap(&key, None, Some(&write("b"))).expect("an answer").expect("a record");
    assert_eq!(late, first);
    let next = other.swap(&key, Some(&first.revision), Some(&write("c"))).expect("an answer");
    let next = next.expect("a record");
    assert_ne!(next.revision, first.revision);
    let late = store.swap(&key, Some(&first.revision), Some(&write("d"))).expect("an answer");
    assert_eq!(late.as_ref(), Some(&next));
    for odd in ["", "02", "2 ", "x", "-1"] {
        let odd = store.swap(&key, Some(&Revision::new(odd)), Some(&write("e")));
        assert_eq!(odd.expect("an answer").as_ref(), Some(&next));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        for entry in std::fs::read_dir(directory.path()).expect("a directory") {
            let mode = entry.and_then(|entry| entry.metadata()).expect("a file").permissions();
            assert_eq!(mode.mode() & 0o077, 0, "others can read the store");
        }
    }
}

#[test]
fn the_demo_ends_well_and_shows_no_secret() {
    let demo = env!("CARGO_BIN_EXE_demo");
    let run = Command::new(demo).output().expect("a demo");
    let text = String::from_utf8(run.stdout).expect("text");
    assert!(run.status.success(), "{text}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(!text.contains('\u{1b}'), "colours into a pipe");
    // Those whose replies were lost are shown; the last chapter is told, too.
    for told in ["token pairs lost                    2 ", "grants lost                         1 "]
    {
        assert!(text.lines().any(|line| line.trim().starts_with(told)), "{told}");
    }
    assert!(text.contains("13  A disconnect beats a late refresh"));
    assert!(text.contains("16  Another company is picked by mistake"));
    for secret in ["code=", "state=", "Bearer", "s3cret"] {
        assert!(!text.contains(secret), "{secret}");
    }
    // A line that is too long for a terminal is not pleasant to read.
    assert!(text.lines().all(|line| line.chars().count() <= 100));

    let help = Command::new(demo).arg("--help").output().expect("a demo");
    assert!(help.status.success() && help.stdout.starts_with(b"Shows the life"));
    let wrong = Command::new(demo).arg("--wrong").output().expect("a demo");
    assert_eq!(wrong.status.code(), Some(1));
}

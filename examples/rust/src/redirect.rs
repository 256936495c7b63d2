//! Where the browser comes back: a listener on a free loopback port (RFC 8252
//! §7.3), open only for as long as a person is away.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use evergrant::Secret;

const PATH: &str = "/callback";

/// Longer requests are cut off: the machine refuses such redirects anyway.
const LONGEST: u64 = 32_768;

/// How long one caller may take over its request, so that a silent connection
/// cannot keep the browser out.
const PATIENCE: Duration = Duration::from_secs(2);

/// Waits for the redirect of one authorization.
#[derive(Debug)]
pub struct RedirectListener {
    listener: TcpListener,
}

impl RedirectListener {
    /// Listens on a free port of 127.0.0.1; nobody outside this machine can call.
    ///
    /// # Errors
    /// If the system gives no port.
    pub fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }

    /// The redirect URI that leads here.
    ///
    /// # Errors
    /// If the system does not know its own port.
    pub fn redirect_uri(&self) -> io::Result<String> {
        Ok(format!("http://{}{PATH}", self.listener.local_addr()?))
    }

    /// Waits for a browser to come to the redirect URI, and yields its URL.
    /// Whether it is to be believed is for the machine to judge: anything on
    /// this machine can call here, so the caller goes on waiting after a
    /// `CallbackRefused`.
    ///
    /// # Errors
    /// `TimedOut` if nobody comes in time.
    pub fn accept(&self, patience: Duration) -> io::Result<Secret> {
        let start = Instant::now();
        while start.elapsed() < patience {
            match self.listener.accept() {
                // What one caller does wrong is no reason to stop waiting.
                Ok((stream, _)) => {
                    if let Ok(Some(target)) = answer(stream) {
                        return Ok(Secret::new(target));
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    thread::sleep(Duration::from_millis(20));
                }
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(io::ErrorKind::TimedOut, "nobody came back from the browser"))
    }
}

/// Reads the request line and answers with a plain page; yields the target if
/// it is the redirect. A browser also asks for things like `/favicon.ico`.
fn answer(stream: TcpStream) -> io::Result<Option<String>> {
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut lines = BufReader::new((&stream).take(LONGEST)).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    // The headers are read and dropped: closing a socket with bytes unread
    // resets it, and the browser would show an error instead of the page.
    let start = Instant::now();
    while let Some(line) = lines.next().transpose()? {
        if line.is_empty() || start.elapsed() > PATIENCE {
            break;
        }
    }
    let target = match *first.split(' ').collect::<Vec<_>>() {
        ["GET", target, version] if version.starts_with("HTTP/1.") => Some(target),
        _ => None,
    };
    let target = target.filter(|target| target.split('?').next() == Some(PATH));
    let (status, text) = match target {
        Some(_) => ("200 OK", "Thank you. You can close this tab."),
        None => ("404 Not Found", "There is nothing here."),
    };
    // The address of this page holds the code: it is neither kept nor passed on.
    write!(
        &stream,
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\n\
         content-length: {}\r\ncache-control: no-store\r\nreferrer-policy: no-referrer\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    )?;
    Ok(target.map(String::from))
}
